package dev.tapestry.app.command;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.node.build.DigestList;
import dev.tapestry.node.build.ModelOrigin;
import dev.tapestry.node.build.UpstreamLicence;
import dev.tapestry.training.TrainingException;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Takes over a model from elsewhere after making sure that everything here can work with it. */
final class ModelImport {

    private static final String GENERATION = "generation_config.json";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private ModelImport() {}

    /**
     * Checks a model, and writes it anew with one dtype, its licence and {@link ModelOrigin}.
     *
     * @param licence as the member states it, whatever the directory says
     * @param digests a list of all of its files
     * @return where it comes from
     */
    static ModelOrigin run(
            Path source,
            Path target,
            DType dtype,
            Optional<String> licence,
            Optional<Path> digests) {
        ModelDirectory.requireIn(source);
        Optional<DigestList> list = digests.map(DigestList::read);
        list.ifPresent(known -> known.require(source, digests.orElseThrow()));
        ModelOrigin origin = ModelOrigin.of(source, licence, list.map(DigestList::digest));
        check(source);
        try (ModelDirectory files = ModelDirectory.open(source)) {
            ModelConversion.convert(
                    files,
                    target,
                    dtype,
                    ModelDirectoryWriter.DEFAULT_SHARD_BYTES,
                    beside(source, origin));
        }
        return origin;
    }

    private static Map<String, byte[]> beside(Path source, ModelOrigin origin) {
        Map<String, byte[]> files = new TreeMap<>();
        files.put(ModelOrigin.FILE, origin.toBytes());
        if (!Files.exists(source.resolve(GENERATION))) {
            files.put(GENERATION, generation(source.resolve(ModelDirectory.CONFIG)));
        }
        UpstreamLicence.file(source)
                .ifPresent(file -> {
                    try {
                        files.put(file.getFileName().toString(), Files.readAllBytes(file));
                    } catch (IOException e) {
                        throw new UncheckedIOException("cannot read " + file, e);
                    }
                });
        return files;
    }

    /** Where texts begin and end, for programs that look only there. */
    private static byte[] generation(Path config) {
        try {
            JsonNode known = JSON.readTree(Files.readAllBytes(config));
            ObjectNode generation = JSON.createObjectNode();
            for (String key : List.of("bos_token_id", "eos_token_id")) {
                if (known.hasNonNull(key)) {
                    generation.set(key, known.get(key));
                }
            }
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(generation);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + config, e);
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
