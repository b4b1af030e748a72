package dev.tapestry.app.bench;

import dev.tapestry.app.bench.BenchException.Code;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.NodeUpdate.Contributed;
import dev.tapestry.node.NodeUpdate.Stepped;
import dev.tapestry.node.egress.Traffic;
import java.util.ArrayList;
import java.util.List;

/** Takes the time of a node's steps and of its contributions. Thread-safe. */
final class SpeedMeter implements NodeProgress {

    private final long tokensPerStep;
    private final List<Moment> contributions = new ArrayList<>();
    private final List<Moment> steps = new ArrayList<>();
    private final List<Double> roundRates = new ArrayList<>();

    /** How many steps were done when. */
    private record Moment(int steps, long nanos) {}

    SpeedMeter(long tokensPerStep) {
        this.tokensPerStep = tokensPerStep;
    }

    @Override
    public synchronized void on(NodeUpdate update) {
        if (update instanceof Stepped step) {
            steps.add(new Moment(steps.size() + 1, System.nanoTime()));
            if (step.step() == step.steps()) {
                roundRates.add(step.tokensPerSecond());
            }
        } else if (update instanceof Contributed) {
            // When its last step ended: a step is there whole or not at all.
            contributions.add(steps.getLast());
        }
    }

    /** From the end of the first step to that of the last. */
    synchronized NodeSpeed ofSteps() {
        return between(steps.getFirst(), steps.getLast(), roundRates, 0, 0);
    }

    /**
     * From the step before the first contribution to that before the last but one: in the last
     * round nobody trains for a next one.
     */
    synchronized NodeSpeed ofRounds(Traffic traffic, int rounds) {
        if (contributions.size() != rounds) {
            throw new BenchException(
                    Code.ROUND,
                    "%d of %d rounds took a contribution: see the messages above"
                            .formatted(contributions.size(), rounds));
        }
        return between(
                contributions.getFirst(),
                contributions.get(contributions.size() - 2),
                roundRates.subList(1, Math.max(1, roundRates.size() - 1)),
                traffic.up() / contributions.size(),
                traffic.down() / contributions.size());
    }

    private NodeSpeed between(
            Moment from, Moment to, List<Double> rates, long sent, long received) {
        return new NodeSpeed(
                (to.steps() - from.steps()) * tokensPerStep,
                to.nanos() - from.nanos(),
                rates.stream().mapToDouble(Double::doubleValue).average().orElse(0),
                sent,
                received);
    }
}
