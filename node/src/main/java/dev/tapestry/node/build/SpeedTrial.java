package dev.tapestry.node.build;

import dev.tapestry.node.Compute;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.Trainer;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;

/** Trains two steps of nothing, to know how fast this machine is with a model. */
final class SpeedTrial {

    private SpeedTrial() {}

    /** Floating-point operations per second in the second step; the first one warms up. */
    static double of(Path model, StageTraining settings, Compute compute) {
        long tokens = (long) settings.sequences() * settings.sequenceLength();
        Tokens zeros = Tokens.of(new int[Math.toIntExact(2 * tokens + 2)], 2 * tokens + 2);
        try (ModelDirectory directory = ModelDirectory.open(model);
                Trainer trainer =
                        Trainer.begin(
                                directory, settings.plan(tokens, 1, compute).training(), zeros)) {
            trainer.step();
            long begun = System.nanoTime();
            trainer.step();
            double seconds = Math.max(1e-9, (System.nanoTime() - begun) / 1e9);
            double perToken =
                    LlamaConfig.of(directory).trainingFlopsPerToken(settings.sequenceLength());
            return tokens * perToken / seconds;
        }
    }
}
