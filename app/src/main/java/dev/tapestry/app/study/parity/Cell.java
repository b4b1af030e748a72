package dev.tapestry.app.study.parity;

import dev.tapestry.app.study.Arm;
import dev.tapestry.app.study.CellStore;
import dev.tapestry.app.study.PrivateSteps;
import dev.tapestry.app.study.Recipe;
import dev.tapestry.app.study.Scheme;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import java.util.Optional;

/**
 * One training: everything that decides what comes out, but the number of threads and the kind of
 * processor.
 *
 * @param arm its name
 * @param model ONE_MILLION unless said
 * @param privateSteps that each member takes afterwards; none unless said
 */
record Cell(
        String arm,
        Start start,
        Group group,
        boolean shuffled,
        long tokens,
        Recipe recipe,
        Scheme scheme,
        long seed,
        long scoredTokens,
        @LeftOutWhenEmpty Optional<Size> model,
        @LeftOutWhenEmpty Optional<PrivateSteps> privateSteps)
        implements CellStore.Named {

    @Override
    public String name() {
        return "%s-%s-%d".formatted(arm, recipe.learningRate(), seed);
    }

    Size size() {
        return model.orElse(Size.ONE_MILLION);
    }

    Arm training() {
        return new Arm(scheme, recipe, tokens);
    }
}
