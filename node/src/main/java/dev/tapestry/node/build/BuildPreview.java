package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import java.time.Duration;
import java.util.List;

/**
 * What a build would do.
 *
 * @param base digest of what it would be made from
 * @param parameters of that
 * @param stages what each would take
 * @param operationsPerSecond that two steps of the first stage's size came to on this machine
 */
public record BuildPreview(
        Digest base, long parameters, List<StageEstimate> stages, double operationsPerSecond) {

    public BuildPreview {
        stages = List.copyOf(stages);
    }

    /** How long the training of a stage would take at that speed. */
    public Duration time(StageEstimate stage) {
        return Duration.ofMillis(Math.round(1000 * stage.operations() / operationsPerSecond));
    }
}
