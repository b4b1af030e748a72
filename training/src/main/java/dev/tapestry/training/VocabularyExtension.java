package dev.tapestry.training;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.ExtendedTokenizer;
import dev.tapestry.corpus.ExtendedTokenizer.NewToken;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Gives a model more tokens: the markers of a chat template, words, or what was learnt from a new
 * script. Each new row of the embedding, and of the output matrix where the model has one of its
 * own, is the mean of the rows of the old tokens that the new one stands for (in the template's
 * case: those that spell the marker). Everything else is copied.
 *
 * <p>All directories are Hugging Face's, with {@code tokenizer.json}; the target does not exist
 * yet, or is empty. Where nothing is new the result is a copy.
 */
public final class VocabularyExtension {

    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";
    private static final String TOKENIZER = "tokenizer.json";
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    private static final String GENERATION_CONFIG = "generation_config.json";
    private static final long MAX_BYTES = 256L << 20;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private VocabularyExtension() {}

    /**
     * Adds what {@code template} needs, writes the template to {@code tokenizer_config.json}, and
     * makes the end of a turn what generation stops at.
     *
     * @return how many tokens are new
     */
    public static int forChat(ModelDirectory base, ChatTemplate template, Path target) {
        ExtendedTokenizer extended =
                ExtendedTokenizer.of(required(base), template.specialTokens(), true);
        ByteLevelTokenizer tokenizer = ByteLevelTokenizer.parse(extended.bytes());
        int end = tokenizer.id(template.endOfTurn()).orElseThrow();
        try (ModelDirectoryWriter writer = begun(base, extended, target)) {
            ObjectNode config = object(base, ModelDirectory.CONFIG).orElseThrow();
            JsonNode before = config.path("eos_token_id");
            resize(config, base, extended);
            config.put("eos_token_id", end);
            writer.addFile(ModelDirectory.CONFIG, bytes(config));
            writer.addFile(
                    TOKENIZER_CONFIG,
                    ExtendedTokenizer.chatConfig(
                            optional(base, TOKENIZER_CONFIG),
                            template.jinja(),
                            template.endOfTurn()));
            ObjectNode generation =
                    object(base, GENERATION_CONFIG).orElseGet(JSON::createObjectNode);
            var ends = generation.putArray("eos_token_id").add(end);
            for (JsonNode id : before.isArray() ? before : JSON.createArrayNode().add(before)) {
                if (id.isInt() && id.intValue() != end) {
                    ends.add(id.intValue());
                }
            }
            writer.addFile(GENERATION_CONFIG, bytes(generation));
            writer.commit();
        }
        return extended.added().size();
    }

    /**
     * Adds the tokens of {@code extended}, which was made from this model's tokenizer.
     *
     * @return how many tokens are new
     */
    public static int withTokens(ModelDirectory base, ExtendedTokenizer extended, Path target) {
        try (ModelDirectoryWriter writer = begun(base, extended, target)) {
            ObjectNode config = object(base, ModelDirectory.CONFIG).orElseThrow();
            resize(config, base, extended);
            writer.addFile(ModelDirectory.CONFIG, bytes(config));
            writer.commit();
        }
        return extended.added().size();
    }

    /** Weights, tokenizer and the files that stay. */
    private static ModelDirectoryWriter begun(
            ModelDirectory base, ExtendedTokenizer extended, Path target) {
        long rows = rows(base, extended);
        List<TensorSpec> specs =
                base.tensors().values().stream()
                        .map(spec ->
                                grows(base, spec.name())
                                        ? new TensorSpec(
                                                spec.name(),
                                                spec.dtype(),
                                                List.of(rows, spec.shape().get(1)))
                                        : spec)
                        .toList();
        ModelDirectoryWriter writer =
                ModelDirectoryWriter.create(
                        target, specs, ModelDirectoryWriter.DEFAULT_SHARD_BYTES);
        try {
            writer.copyFilesOf(base);
            writer.addFile(TOKENIZER, extended.bytes());
            for (TensorSpec spec : specs) {
                MemorySegment old = base.data(spec.name());
                writer.data(spec.name()).asSlice(0, old.byteSize()).copyFrom(old);
                if (grows(base, spec.name())) {
                    extended.added()
                            .forEach(token -> putMean(token, spec, old, writer.data(spec.name())));
                }
            }
            return writer;
        } catch (RuntimeException e) {
            writer.close();
            throw e;
        }
    }

    private static boolean grows(ModelDirectory base, String name) {
        return name.equals(EMBEDDING)
                || (name.equals(HEAD) && base.tensors().containsKey(EMBEDDING));
    }

    /** Rows that a model has spare, beyond its tokenizer, are used first. */
    private static long rows(ModelDirectory base, ExtendedTokenizer extended) {
        TensorSpec embedding = base.tensors().get(EMBEDDING);
        if (embedding == null || embedding.shape().size() != 2) {
            throw new TrainingException(
                    Code.WRONG_TENSORS, base.path() + ": there is no matrix " + EMBEDDING);
        }
        long rows = embedding.shape().getFirst();
        for (NewToken token : extended.added()) {
            rows = Math.max(rows, token.id() + 1L);
            for (int piece : token.pieces()) {
                if (piece >= embedding.shape().getFirst()) {
                    throw new TrainingException(
                            Code.WRONG_TENSORS,
                            "%s: the tokenizer's token %d has no row in %s"
                                    .formatted(base.path(), piece, EMBEDDING));
                }
            }
        }
        return rows;
    }

    private static void putMean(
            NewToken token, TensorSpec spec, MemorySegment old, MemorySegment target) {
        int width = Math.toIntExact(spec.shape().get(1));
        long row = (long) width * spec.dtype().bytes();
        double[] sum = new double[width];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment wide = arena.allocate(4L * width, 4);
            for (int piece : token.pieces()) {
                FloatConversion.widen(spec.dtype(), old.asSlice(piece * row, row), wide);
                for (int i = 0; i < width; i++) {
                    sum[i] += wide.get(FloatConversion.FLOAT_LE, 4L * i);
                }
            }
            for (int i = 0; i < width; i++) {
                wide.set(
                        FloatConversion.FLOAT_LE, 4L * i, (float) (sum[i] / token.pieces().size()));
            }
            FloatConversion.narrow(spec.dtype(), wide, target.asSlice(token.id() * row, row));
        }
    }

    private static void resize(ObjectNode config, ModelDirectory base, ExtendedTokenizer extended) {
        config.put("vocab_size", rows(base, extended));
    }

    private static byte[] required(ModelDirectory base) {
        return optional(base, TOKENIZER)
                .orElseThrow(
                        () -> new TrainingException(Code.IO, base.path() + " has no " + TOKENIZER));
    }

    private static Optional<ObjectNode> object(ModelDirectory base, String name) {
        try {
            return optional(base, name).map(bytes -> (ObjectNode) JSON.readTree(bytes));
        } catch (JacksonException | ClassCastException e) {
            throw new TrainingException(
                    Code.MALFORMED_CONFIG, base.path().resolve(name) + " is not a JSON object", e);
        }
    }

    private static Optional<byte[]> optional(ModelDirectory base, String name) {
        Path file = base.path().resolve(name);
        try {
            if (!Files.exists(file)) {
                return Optional.empty();
            }
            if (Files.size(file) > MAX_BYTES) {
                throw new TrainingException(
                        Code.MALFORMED_CONFIG, file + " is longer than " + MAX_BYTES + " bytes");
            }
            return Optional.of(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new TrainingException(Code.IO, "cannot read " + file + ": " + e, e);
        }
    }

    private static byte[] bytes(ObjectNode json) {
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
    }
}
