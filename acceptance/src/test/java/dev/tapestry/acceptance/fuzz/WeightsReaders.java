package dev.tapestry.acceptance.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.acceptance.fuzz.ForeignReader.Language;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.SafetensorsFile;
import dev.tapestry.weights.SafetensorsWriter;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.codec.Codec;
import dev.tapestry.weights.codec.CodedUpdate;
import dev.tapestry.weights.transfer.CodedInput;
import dev.tapestry.weights.transfer.PartCoding;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Safetensors, the index beside them, the model's configuration, and coded updates. */
final class WeightsReaders {

    private static final int PART_BYTES = 100_000;

    private static final List<TensorSpec> SPECS =
            List.of(TensorSpec.of("a", DType.F32, 8, 3), TensorSpec.of("größe", DType.F32, 5));

    private WeightsReaders() {}

    static List<ForeignReader> all() {
        return List.of(
                reader(
                        Language.SAFETENSORS,
                        "safetensors",
                        WeightsReaders::file,
                        scratch -> List.of(file(scratch))),
                reader(Language.JSON, "shard-index", WeightsReaders::index, _ -> List.of(index())),
                reader(
                        Language.JSON,
                        "model-config",
                        WeightsReaders::config,
                        _ -> List.of(config())),
                reader(
                        Language.SAFETENSORS,
                        "coded-updates",
                        WeightsReaders::update,
                        WeightsReaders::updates),
                reader(
                        Language.ZSTD,
                        "compressed-parts",
                        (bytes, _) -> part(bytes),
                        _ -> List.of(compressed(1), compressed(PART_BYTES))));
    }

    private static ForeignReader reader(
            Language language,
            String name,
            ForeignReader.Reading reading,
            ForeignReader.Seeds seeds) {
        return new ForeignReader(language, name, "WeightsException", reading, seeds);
    }

    private static void file(byte[] bytes, Path scratch) throws IOException {
        Path path = scratch.resolve("read.safetensors");
        Files.write(path, bytes);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            for (TensorSpec spec : file.tensors().values()) {
                if (file.data(spec.name()).byteSize() != spec.bytes()) {
                    throw new IllegalStateException(spec + " has other bytes");
                }
            }
        }
    }

    private static byte[] file(Path scratch) throws IOException {
        return Files.readAllBytes(written(scratch.resolve("good.safetensors")));
    }

    private static Path written(Path path) throws IOException {
        Files.deleteIfExists(path);
        try (var writer = SafetensorsWriter.create(path, SPECS, Map.of("format", "pt"))) {
            writer.commit();
        }
        return path;
    }

    private static Path model(Path scratch) throws IOException {
        Path model = scratch.resolve("model");
        if (!Files.exists(model)) {
            Files.createDirectory(model);
            Files.write(model.resolve("config.json"), config());
            written(model.resolve("model-1.safetensors"));
        }
        return model;
    }

    private static void index(byte[] bytes, Path scratch) throws IOException {
        Path model = model(scratch);
        Files.write(model.resolve("model.safetensors.index.json"), bytes);
        ModelDirectory.open(model).close();
    }

    private static byte[] index() {
        return "{\"metadata\":{\"total_size\":116},\"weight_map\":{\"a\":\"model-1.safetensors\",\"größe\":\"model-1.safetensors\"}}"
                .getBytes(UTF_8);
    }

    private static void config(byte[] bytes, Path scratch) throws IOException {
        Files.write(model(scratch).resolve("config.json"), bytes);
        ModelDirectory.contextTokens(scratch.resolve("model"));
    }

    private static byte[] config() {
        return "{\"model_type\":\"llama\",\"max_position_embeddings\":2048}".getBytes(UTF_8);
    }

    /** A part of which so many bytes are wanted: no more come, whatever is in it. */
    private static void part(byte[] bytes) throws IOException {
        byte[] part;
        try (CodedInput in = new CodedInput(new ByteArrayInputStream(bytes), PART_BYTES)) {
            part = in.readNBytes(PART_BYTES);
        }
        byte[] frame = new byte[PartCoding.LONGEST_CHUNK];
        int length = PartCoding.encode(part, part.length, frame);
        try (CodedInput in =
                new CodedInput(new ByteArrayInputStream(frame, 0, length), PART_BYTES)) {
            ForeignReader.requireEqual(ByteBuffer.wrap(part), ByteBuffer.wrap(in.readAllBytes()));
        }
    }

    private static byte[] compressed(int bytes) {
        byte[] part = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            part[i] = (byte) (i * i % 7);
        }
        byte[] frame = new byte[PartCoding.LONGEST_CHUNK];
        return Arrays.copyOf(frame, PartCoding.encode(part, bytes, frame));
    }

    private static void update(byte[] bytes, Path scratch) throws IOException {
        Path path = scratch.resolve("update.safetensors");
        Files.write(path, bytes);
        Map<String, TensorSpec> tensors = new TreeMap<>();
        SPECS.forEach(spec -> tensors.put(spec.name(), spec));
        try (CodedUpdate update = CodedUpdate.open(path, tensors)) {
            if (!Double.isFinite(update.norm())) {
                throw new IllegalStateException("its norm is " + update.norm());
            }
        }
    }

    private static List<byte[]> updates(Path scratch) throws IOException {
        Path model = model(scratch);
        Files.write(model.resolve("model.safetensors.index.json"), index());
        List<byte[]> updates = new ArrayList<>();
        for (Codec codec : Codec.values()) {
            Path coded = scratch.resolve("coded.safetensors");
            Files.deleteIfExists(coded);
            CodedUpdate.encodeAfresh(codec, model, coded, 1);
            updates.add(Files.readAllBytes(coded));
        }
        return updates;
    }
}
