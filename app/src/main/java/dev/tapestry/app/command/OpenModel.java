package dev.tapestry.app.command;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.training.Llama;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * A model in memory with its tokenizer.
 *
 * @param llama the weights
 * @param tokenizer whose ids the model has
 */
record OpenModel(Llama llama, ByteLevelTokenizer tokenizer) implements AutoCloseable {

    /**
     * Loads a Hugging Face directory with {@code tokenizer.json}.
     *
     * @throws CommandException if the tokenizer has ids that the model has not
     */
    static OpenModel load(Path directory) {
        ModelDirectory.requireIn(directory);
        ByteLevelTokenizer tokenizer = ByteLevelTokenizer.open(directory);
        try (ModelDirectory files = ModelDirectory.open(directory)) {
            Llama llama = Llama.load(files);
            int rows = llama.config().vocabularySize();
            if (tokenizer.vocabSize() > rows) {
                llama.close();
                throw new CommandException(
                        "tokenizer.json of %s has %d ids, but the model only %d: they do not belong together"
                                .formatted(directory, tokenizer.vocabSize(), rows));
            }
            return new OpenModel(llama, tokenizer);
        }
    }

    /** The ids of a prompt, in which special tokens may be written out. */
    List<Integer> ids(String prompt) {
        return Arrays.stream(tokenizer.encodeWithSpecials(prompt)).boxed().toList();
    }

    /** The text of ids. */
    String text(List<Integer> ids) {
        return tokenizer.decode(ids.stream().mapToInt(Integer::intValue).toArray());
    }

    @Override
    public void close() {
        llama.close();
    }
}
