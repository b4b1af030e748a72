package dev.tapestry.node.trainer;

import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.Pace;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How many steps this node does in a round whose plan has a pace: as many as fit, by how fast it
 * was in the latest round that it has trained to the end.
 *
 * <p>The number is decided once for each round and kept in {@code pace.json}, so that a round that
 * is trained again has as many. Thread-safe.
 */
public final class StepBook implements NodeProgress {

    private final Path file;
    private Entry entry;

    /**
     * What is known.
     *
     * @param tokensPerSecond of the latest round; empty before the first
     * @param round for which the steps were decided last
     * @param steps of that round
     */
    record Entry(Optional<Double> tokensPerSecond, Optional<RoundNumber> round, int steps) {
        static final Entry EMPTY = new Entry(Optional.empty(), Optional.empty(), 0);
    }

    /** Kept in {@code folder}, which need not exist. */
    public StepBook(Path folder) {
        this.file = folder.resolve("pace.json");
        this.entry = read(file);
    }

    /**
     * The steps of a round.
     *
     * @param round the plan's, or one after it by the same run's plan
     */
    public synchronized int steps(RoundNumber round, RoundPlan plan) {
        LocalTraining training = plan.training();
        return plan.pace()
                .map(pace ->
                        decided(round)
                                // What an earlier run's plan had decided may not fit this one.
                                .filter(steps -> steps >= pace.leastSteps())
                                .filter(steps -> steps <= training.steps())
                                .orElseGet(() -> decide(round, pace, training)))
                .orElse(training.steps());
    }

    private Optional<Integer> decided(RoundNumber round) {
        return entry.round().filter(round::equals).map(_ -> entry.steps());
    }

    private int decide(RoundNumber round, Pace pace, LocalTraining training) {
        double tokensPerStep = (double) training.tokensPerRound() / training.steps();
        int steps =
                entry.tokensPerSecond()
                        .map(rate -> pace.steps(tokensPerStep / rate, training.steps()))
                        .orElse(pace.leastSteps());
        keep(new Entry(entry.tokensPerSecond(), Optional.of(round), steps));
        return steps;
    }

    @Override
    public synchronized void on(NodeUpdate update) {
        if (update instanceof NodeUpdate.Stepped step
                && step.step() == step.steps()
                && step.tokensPerSecond() > 0) {
            keep(new Entry(Optional.of(step.tokensPerSecond()), entry.round(), entry.steps()));
        }
    }

    private void keep(Entry next) {
        entry = next;
        SafeFile.write(file, CanonicalJson.write(next));
    }

    private static Entry read(Path file) {
        if (!Files.exists(file)) {
            return Entry.EMPTY;
        }
        try {
            return CanonicalJson.read(SafeFile.readBytes(file), Entry.class);
        } catch (TrustException _) {
            return Entry.EMPTY; // damaged: the next round is measured anew
        }
    }
}
