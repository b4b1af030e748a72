package dev.tapestry.app.command;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.training.TrainingException;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.WeightsException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Takes over a model from elsewhere after making sure that everything here can work with it. */
final class ModelImport {

    private ModelImport() {}

    /** Checks a model, and writes it anew with one dtype. */
    static void run(Path source, Path target, DType dtype) {
        check(source);
        try (ModelDirectory files = ModelDirectory.open(source)) {
            ModelConversion.convert(files, target, dtype, ModelDirectoryWriter.DEFAULT_SHARD_BYTES);
        }
    }

    /**
     * Checks configuration, tensors and tokenizer by loading them.
     *
     * @throws CommandException with the first thing that is not supported
     */
    static void check(Path source) {
        try (Signals _ = Signals.halting();
                OpenModel model = OpenModel.load(source)) {
            if (model.tokenizer().endOfText().isEmpty()) {
                throw refused(
                        source,
                        "its tokenizer names no token that ends a text (eos_token in"
                                + " tokenizer_config.json); documents could not be told apart",
                        null);
            }
        } catch (CorpusException e) {
            throw refused(source, "the tokenizer: " + e.getMessage(), e);
        } catch (TrainingException | WeightsException | CommandException e) {
            throw refused(source, String.valueOf(e.getMessage()), e);
        }
    }

    private static CommandException refused(
            Path source, String why, @Nullable RuntimeException cause) {
        return new CommandException(ExitCode.REFUSED, source + " cannot be used: " + why, cause);
    }
}
