package dev.tapestry.app.bench;

import dev.tapestry.app.bench.BenchException.Code;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.NodeUpdate.BaseBelieved;
import dev.tapestry.node.NodeUpdate.Stepped;
import dev.tapestry.node.egress.Traffic;
import java.util.ArrayList;
import java.util.List;

/** Takes the time of a node's steps and of the bases that it was given. Thread-safe. */
final class PaceMeter implements NodeProgress {

    private final long tokensPerStep;
    private final List<Moment> bases = new ArrayList<>();
    private final List<Moment> steps = new ArrayList<>();
    private final List<Double> roundRates = new ArrayList<>();

    /** How many steps were done when. */
    private record Moment(int steps, long nanos) {}

    PaceMeter(long tokensPerStep) {
        this.tokensPerStep = tokensPerStep;
    }

    @Override
    public synchronized void on(NodeUpdate update) {
        if (update instanceof Stepped step) {
            steps.add(new Moment(steps.size() + 1, System.nanoTime()));
            if (step.step() == step.steps()) {
                roundRates.add(step.tokensPerSecond());
            }
        } else if (update instanceof BaseBelieved) {
            bases.add(new Moment(steps.size(), System.nanoTime()));
        }
    }

    /** From the end of the first step to that of the last. */
    synchronized Pace ofSteps() {
        return between(steps.getFirst(), steps.getLast(), 0, 0);
    }

    /**
     * From the first base to the one before the last: in the last round nobody trains for a next
     * one.
     */
    synchronized Pace ofBases(Traffic traffic, int rounds) {
        if (bases.size() != rounds) {
            throw new BenchException(
                    Code.ROUND,
                    "%d of %d rounds gave a base: see the messages above"
                            .formatted(bases.size(), rounds));
        }
        return between(
                bases.getFirst(),
                bases.get(bases.size() - 2),
                traffic.up() / bases.size(),
                traffic.down() / bases.size());
    }

    private Pace between(Moment from, Moment to, long sent, long received) {
        return new Pace(
                (to.steps() - from.steps()) * tokensPerStep,
                to.nanos() - from.nanos(),
                roundRates.stream().mapToDouble(Double::doubleValue).average().orElse(0),
                sent,
                received);
    }
}
