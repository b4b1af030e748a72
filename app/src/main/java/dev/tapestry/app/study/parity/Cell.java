package dev.tapestry.app.study.parity;

import dev.tapestry.app.study.Arm;
import dev.tapestry.app.study.CellStore;
import dev.tapestry.app.study.Recipe;
import dev.tapestry.app.study.Scheme;

/**
 * One training: everything that decides what comes out, but the number of threads and the kind of
 * processor.
 *
 * @param arm its name
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
        long scoredTokens)
        implements CellStore.Named {

    @Override
    public String name() {
        return "%s-%s-%d".formatted(arm, recipe.learningRate(), seed);
    }

    Arm training() {
        return new Arm(scheme, recipe, tokens);
    }
}
