package dev.tapestry.app.command;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.node.build.ModelOrigin;
import dev.tapestry.node.build.SovereignBuild;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a model directory is, without loading it.
 *
 * @param digest of its files, as the consortium names bases
 * @param parameters numbers in all tensors
 * @param tensors how many
 * @param dtypes how many tensors have which element type
 * @param files weights files
 * @param bytes of all tensors
 * @param configuration what {@code config.json} says of the shape
 * @param tokenizer its number of ids, or why it cannot be used
 * @param origin where it, or what it was made of, was imported from
 */
record ModelFacts(
        Digest digest,
        long parameters,
        int tensors,
        Map<String, Integer> dtypes,
        List<String> files,
        long bytes,
        Map<String, String> configuration,
        String tokenizer,
        Optional<ModelOrigin> origin) {

    private static final List<String> SHAPE =
            List.of(
                    "model_type",
                    "vocab_size",
                    "hidden_size",
                    "intermediate_size",
                    "num_hidden_layers",
                    "num_attention_heads",
                    "num_key_value_heads",
                    "head_dim",
                    "sliding_window",
                    "max_position_embeddings",
                    "rope_theta",
                    "tie_word_embeddings");

    /** The facts of the model in {@code directory}. */
    static ModelFacts of(Path directory) {
        try (ModelDirectory model = ModelDirectory.open(directory)) {
            Map<String, Integer> dtypes = new TreeMap<>();
            model.tensors()
                    .values()
                    .forEach(tensor -> dtypes.merge(tensor.dtype().name(), 1, Integer::sum));
            return new ModelFacts(
                    SovereignBuild.digest(directory),
                    model.tensors().values().stream().mapToLong(TensorSpec::elements).sum(),
                    model.tensors().size(),
                    dtypes,
                    model.shards().stream().map(file -> file.getFileName().toString()).toList(),
                    model.bytes(),
                    configuration(model.config()),
                    tokenizer(directory),
                    ModelOrigin.find(directory));
        }
    }

    /** For people, one fact in a line. */
    String text() {
        StringBuilder text = new StringBuilder();
        line(text, "digest", digest.hex());
        line(text, "parameters", "%,d in %d tensors".formatted(parameters, tensors));
        line(text, "weights", "%,d bytes, %s, in %s".formatted(bytes, dtypes, files));
        configuration.forEach((key, value) -> line(text, key, value));
        line(text, "tokenizer", tokenizer);
        origin.ifPresent(known -> {
            line(text, "imported from", known.source().hex());
            line(text, "licence", known.licence().name());
        });
        return text.toString().stripTrailing();
    }

    private static void line(StringBuilder text, String key, String value) {
        text.append("%-24s %s%n".formatted(key, value));
    }

    private static Map<String, String> configuration(Path file) {
        try {
            JsonNode json = JsonMapper.builder().build().readTree(Files.readAllBytes(file));
            Map<String, String> found = new TreeMap<>();
            for (String key : SHAPE) {
                JsonNode value = json.path(key);
                if (value.isValueNode() && !value.isNull()) {
                    found.put(key, value.asString());
                }
            }
            return found;
        } catch (JacksonException e) {
            throw new CommandException(
                    ExitCode.REFUSED, file + " is not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    private static String tokenizer(Path directory) {
        try {
            return ByteLevelTokenizer.open(directory).vocabSize() + " ids";
        } catch (CorpusException e) {
            return "none that can be used: " + e.getMessage();
        }
    }
}
