package dev.tapestry.node.trainer;

/**
 * One line of {@code metrics.jsonl}.
 *
 * @param step in this round, from 1
 * @param tokens trained on in this round, this step's included
 * @param loss of the step, in nats per token
 */
public record JobStep(int step, long tokens, double loss) {

    public JobStep {
        if (step < 1 || tokens < 1) {
            throw new IllegalArgumentException("step and tokens are 1 or more");
        }
    }
}
