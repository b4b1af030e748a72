package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeFigures;
import dev.tapestry.consortium.MergeFigures.Agreement;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.trust.json.StrictYaml;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MergeLinesTest {

    private static final Digest BASE = Digest.of(new byte[] {1});

    @TempDir Path directory;

    @Test
    void each_merge_is_told_once_with_what_is_known_of_it() throws IOException {
        RunPlan run = StrictYaml.read(Tiny.plan(directory.resolve("plan.yaml")), RunPlan.class);
        MergeFigures first = figures(0.34, Optional.empty(), Optional.empty());
        MergeFigures second = figures(0.5, Optional.of(-0.25), Optional.of(0.125));
        MergeLines lines = new MergeLines();

        assertThat(lines.of(view(run, 1, Phase.MERGING, Optional.empty()))).isEmpty();
        assertThat(lines.of(view(run, 1, Phase.SCORING, Optional.of(first))))
                .hasValue("round 1  updates: norm ratio 0.340");
        assertThat(lines.of(view(run, 1, Phase.PUBLISHED, Optional.of(first)))).isEmpty();
        assertThat(lines.of(view(run, 2, Phase.COLLECTING, Optional.empty()))).isEmpty();
        assertThat(lines.of(view(run, 2, Phase.SCORING, Optional.of(second))))
                .hasValue(
                        "round 2  updates: norm ratio 0.500, cosine with the update before -0.250,"
                                + " with the momentum 0.125");
    }

    private static MergeFigures figures(
            double normRatio, Optional<Double> previous, Optional<Double> momentum) {
        return new MergeFigures(
                0.7,
                Optional.of(0.9),
                1,
                List.of(
                        new Agreement(
                                MergeFigures.ALL,
                                normRatio,
                                previous,
                                momentum,
                                Optional.empty(),
                                Optional.empty())));
    }

    private static RoundView view(
            RunPlan run, int round, Phase phase, Optional<MergeFigures> figures) {
        RoundPlan plan =
                new RoundPlan(
                        new RoundNumber(round),
                        BASE,
                        run.training(),
                        MergeRule.fedAvg(),
                        1000,
                        List.of(new MemberId("alpha")),
                        Instant.EPOCH);
        return new RoundView(
                1,
                phase,
                Optional.of(plan),
                Optional.empty(),
                figures.map(_ -> BASE),
                figures,
                Optional.of(BASE),
                List.of(),
                Optional.empty(),
                0,
                2,
                "",
                "",
                List.of());
    }
}
