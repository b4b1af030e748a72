package dev.tapestry.node.build;

import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.weights.gguf.Quantisation;
import java.nio.file.Path;

/**
 * What a member wants made of a base.
 *
 * @param name of the model: the folder below {@code sovereign/}
 * @param base a Hugging Face model directory with {@code tokenizer.json}
 * @param training steps and settings; its steps are all that are taken
 * @param scoringTokens of the held-out text, before and after
 * @param quantisation of the GGUF file
 */
public record BuildOrder(
        String name,
        Path base,
        LocalTraining training,
        long scoringTokens,
        Quantisation quantisation) {

    public BuildOrder {
        if (!name.matches("[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")) {
            throw new IllegalArgumentException(
                    "a model's name has 1 to 64 letters, digits, dots, hyphens or underscores, not '"
                            + name
                            + "'");
        }
        if (scoringTokens < 1) {
            throw new IllegalArgumentException("scoringTokens is at least 1, not " + scoringTokens);
        }
    }
}
