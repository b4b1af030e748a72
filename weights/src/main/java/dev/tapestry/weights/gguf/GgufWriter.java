package dev.tapestry.weights.gguf;

import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import dev.tapestry.weights.architecture.RopeScaling;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.OptionalInt;

/**
 * Exports a Hugging Face model directory of the Llama family as one GGUF file.
 *
 * <p>Tensors stream through a buffer of about a megabyte. The same model gives the same bytes.
 */
public final class GgufWriter {

    private static final long BUFFER_ELEMENTS = 1 << 18;

    private GgufWriter() {}

    /**
     * Writes the model in {@code modelDirectory} to {@code target}, which appears in one step when
     * it is complete.
     *
     * @param modelDirectory {@code config.json}, {@code tokenizer.json} (byte-level BPE) and
     *     weights
     * @throws WeightsException {@code UNSUPPORTED} with the precise setting that cannot be
     *     exported, or what is wrong with the model
     */
    public static void write(Path modelDirectory, Path target, Quantisation quantisation) {
        try (ModelDirectory model = ModelDirectory.open(modelDirectory)) {
            LlamaSettings settings = LlamaSettings.read(model.config());
            GgufTokenizer tokenizer = GgufTokenizer.read(modelDirectory, settings.vocabulary());
            List<GgufTensor> tensors = LlamaTensors.of(model, settings, quantisation);
            GgufHeader header = new GgufHeader();
            describe(header, modelDirectory, settings.family(), quantisation);
            describe(header, settings);
            describe(header, tokenizer);
            describeEnds(header, tokenizer, settings, modelDirectory);
            write(model, header.toBytes(tensors), tensors, target);
        }
    }

    private static void describe(
            GgufHeader header, Path directory, GgufFamily family, Quantisation quantisation) {
        header.string("general.architecture", family.word())
                .string(
                        "general.name",
                        directory.toAbsolutePath().normalize().getFileName().toString())
                .u32("general.alignment", GgufHeader.ALIGNMENT)
                .u32("general.file_type", quantisation.fileTypeNumber())
                .u32("general.quantization_version", 2);
    }

    private static void describe(GgufHeader header, LlamaSettings settings) {
        String family = settings.family().word();
        header.u32(family + ".vocab_size", settings.vocabulary())
                .u32(family + ".context_length", settings.contextTokens())
                .u32(family + ".embedding_length", settings.width())
                .u32(family + ".block_count", settings.layers())
                .u32(family + ".feed_forward_length", settings.feedForwardWidth())
                .u32(family + ".attention.head_count", settings.heads())
                .u32(family + ".attention.head_count_kv", settings.keyValueHeads())
                .u32(family + ".attention.key_length", settings.headWidth())
                .u32(family + ".attention.value_length", settings.headWidth())
                .f32(family + ".attention.layer_norm_rms_epsilon", settings.normEpsilon())
                .u32(family + ".rope.dimension_count", settings.headWidth())
                .f32(family + ".rope.freq_base", settings.ropeTheta());
        switch (settings.variant().ropeScaling()) {
            case RopeScaling.None _ -> {}
            case RopeScaling.Linear(double factor) ->
                    header.string(family + ".rope.scaling.type", "linear")
                            .f32(family + ".rope.scaling.factor", (float) factor);
            case RopeScaling.Llama3 _ -> {} // its factors are a tensor
        }
    }

    private static void describe(GgufHeader header, GgufTokenizer tokenizer) {
        header.string("tokenizer.ggml.model", "gpt2")
                .string("tokenizer.ggml.pre", tokenizer.split())
                .strings("tokenizer.ggml.tokens", tokenizer.tokens())
                .integers("tokenizer.ggml.token_type", tokenizer.kinds())
                .strings("tokenizer.ggml.merges", tokenizer.merges());
    }

    private static void describeEnds(
            GgufHeader header, GgufTokenizer tokenizer, LlamaSettings settings, Path directory) {
        OptionalInt begin = either(settings.beginToken(), tokenizer.beginToken());
        OptionalInt end = either(settings.endToken(), tokenizer.endToken());
        if (end.isEmpty()) {
            // llama.cpp would take id 11, a comma in most vocabularies, and stop there.
            throw new WeightsException(
                    Code.UNSUPPORTED,
                    directory
                            + ": no token ends a text; name one as eos_token_id in config.json or"
                            + " as eos_token in tokenizer_config.json");
        }
        begin.ifPresent(id -> header.u32("tokenizer.ggml.bos_token_id", id));
        header.u32("tokenizer.ggml.eos_token_id", end.getAsInt());
        header.bool("tokenizer.ggml.add_bos_token", tokenizer.addBegin() && begin.isPresent());
        tokenizer
                .chatTemplate()
                .ifPresent(template -> header.string("tokenizer.chat_template", template));
    }

    private static OptionalInt either(OptionalInt first, OptionalInt second) {
        return first.isPresent() ? first : second;
    }

    private static void write(
            ModelDirectory model, byte[] head, List<GgufTensor> tensors, Path target) {
        Path draft = Drafts.beside(target);
        try {
            Drafts.checkRoom(target, head.length + length(tensors));
            try (FileChannel out =
                    FileChannel.open(
                            draft, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                writeAll(out, ByteBuffer.wrap(head));
                for (GgufTensor tensor : tensors) {
                    write(model, tensor, out);
                }
                out.force(true);
            }
            Drafts.publish(draft, target);
        } catch (IOException e) {
            throw WeightsException.io("write", target, e);
        } finally {
            drop(draft);
        }
    }

    private static long length(List<GgufTensor> tensors) {
        return tensors.stream().mapToLong(tensor -> GgufHeader.aligned(tensor.bytes())).sum();
    }

    private static void write(ModelDirectory model, GgufTensor tensor, FileChannel out)
            throws IOException {
        long rowElements = tensor.rowElements();
        long group = Math.max(1, BUFFER_ELEMENTS / rowElements);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment floats = arena.allocate(group * rowElements * 4, 64);
            MemorySegment encoded = arena.allocate(tensor.format().bytes(group * rowElements), 64);
            for (long first = 0; first < tensor.rows(); first += group) {
                long count = Math.min(group, tensor.rows() - first);
                for (long row = 0; row < count; row++) {
                    tensor.read(
                            model,
                            first + row,
                            floats.asSlice(row * rowElements * 4, rowElements * 4));
                }
                MemorySegment rows = encoded.asSlice(0, tensor.format().bytes(count * rowElements));
                encode(tensor, floats.asSlice(0, count * rowElements * 4), rows);
                writeAll(out, rows.asByteBuffer());
            }
        }
        long padding = GgufHeader.aligned(tensor.bytes()) - tensor.bytes();
        writeAll(out, ByteBuffer.allocate((int) padding));
    }

    private static void encode(GgufTensor tensor, MemorySegment floats, MemorySegment rows) {
        try {
            tensor.format().encode(floats, rows);
        } catch (WeightsException e) {
            throw new WeightsException(
                    e.code(), "tensor '" + tensor.name() + "': " + e.getMessage(), e);
        }
    }

    private static void writeAll(FileChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    private static void drop(Path draft) {
        try {
            Files.deleteIfExists(draft);
        } catch (IOException e) {
            throw WeightsException.io("drop", draft, e);
        }
    }
}
