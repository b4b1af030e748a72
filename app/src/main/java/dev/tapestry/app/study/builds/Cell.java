package dev.tapestry.app.study.builds;

import dev.tapestry.app.study.CellStore;
import java.util.Locale;

/**
 * One build: everything that decides what comes out, but the number of threads and the kind of
 * processor.
 *
 * @param build the plan's name for its model
 * @param way how it differs from the plan
 * @param rate peak learning rate of the first stage
 */
record Cell(String build, Way way, double rate, long seed) implements CellStore.Named {

    /** How a cell differs from its plan. */
    sealed interface Way {

        /** As the plan says. */
        record Built() implements Way {}

        /**
         * Of random weights, as many tokens of the own text alone: what a member could do by
         * itself.
         */
        record Scratch() implements Way {}

        /**
         * The first stage alone, with another share of replay.
         *
         * @param share of the sequences; 0 for none
         */
        record Replayed(double share) implements Way {}
    }

    @Override
    public String name() {
        return "%s-%s-%s-%d"
                .formatted(
                        build,
                        switch (way) {
                            case Way.Built _ -> "built";
                            case Way.Scratch _ -> "scratch";
                            case Way.Replayed replayed -> "replay-" + replayed.share();
                        },
                        rate,
                        seed)
                .toLowerCase(Locale.ROOT);
    }
}
