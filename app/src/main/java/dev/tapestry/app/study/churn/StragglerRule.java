package dev.tapestry.app.study.churn;

import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.LateRule;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Weighting;
import java.time.Duration;
import java.util.Optional;

/** Ways in which a charter and a plan can treat members that are slow or away. */
enum StragglerRule {
    /** Everybody is awaited until the deadline; what comes late is dropped. */
    DROP,
    /** The same, but what comes late is taken into the next round. */
    CARRY,
    /** Late contributions are taken, and nobody is awaited who has been silent for a lease. */
    LEASE,
    /** Rounds merge as soon as a fifth of the members' contributions are in. */
    ASYNCHRONOUS;

    private static final Duration DEADLINE = Duration.ofDays(1);

    /** A tenth of the members make a quorum, and none has more than a tenth of a merge. */
    Charter charter(ChurnSettings settings) {
        int quorum = Math.max(2, settings.members() / 10);
        double cap = Math.max(1.0 / quorum, 0.1);
        Charter plain =
                new Charter(
                        "churn",
                        Weighting.TOKENS,
                        cap,
                        quorum,
                        DEADLINE,
                        Duration.ofHours(6),
                        16,
                        0.5,
                        0.05,
                        1L << 40);
        return switch (this) {
            case DROP -> plain;
            case CARRY -> plain.withStragglers(Optional.empty(), late());
            case LEASE, ASYNCHRONOUS ->
                    plain.withStragglers(Optional.of(Duration.ofHours(1)), late());
        };
    }

    private static Optional<LateRule> late() {
        return Optional.of(new LateRule(Duration.ofDays(2), 20, 0.5));
    }

    RunPlan plan(ChurnSettings settings) {
        RunPlan plan =
                new RunPlan(
                        settings.rounds(),
                        new LocalTraining(
                                100,
                                LocalTraining.Optimizer.ADAMW,
                                1e-3,
                                0,
                                LocalTraining.Schedule.COSINE,
                                0,
                                1_000_000,
                                8,
                                128,
                                0.1,
                                1,
                                7),
                        MergeRule.fedAvg(),
                        1000);
        return this == ASYNCHRONOUS ? plan.buffering(Math.max(2, settings.members() / 5)) : plan;
    }
}
