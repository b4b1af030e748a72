package dev.tapestry.coordinator;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.TensorSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Models of a few thousand random weights. */
final class TinyModels {

    static final List<TensorSpec> SPECS =
            List.of(
                    TensorSpec.of("model.embed_tokens.weight", DType.F32, 32, 16),
                    TensorSpec.of("model.layers.0.mlp.up_proj.weight", DType.F32, 40, 16),
                    TensorSpec.of("model.layers.0.mlp.down_proj.weight", DType.F32, 16, 40),
                    TensorSpec.of("model.norm.weight", DType.F32, 16));

    private TinyModels() {}

    /** A base in this many bytes a shard. */
    static Path base(Path target, long seed, long shardBytes) {
        return model(target, SPECS, seed, shardBytes);
    }

    static Path model(Path target, List<TensorSpec> specs, long seed, long shardBytes) {
        Random random = new Random(seed);
        try (ModelDirectoryWriter writer = ModelDirectoryWriter.create(target, specs, shardBytes)) {
            for (TensorSpec spec : specs) {
                MemorySegment data = writer.data(spec.name());
                for (long i = 0; i < spec.elements() && spec.dtype() == DType.F32; i++) {
                    set(data, i, (float) random.nextGaussian());
                }
            }
            writer.addFile(
                    "config.json",
                    "{\"model_type\":\"llama\",\"max_position_embeddings\":64}"
                            .getBytes(StandardCharsets.UTF_8));
            writer.addFile("tokenizer.json", "{}".getBytes(StandardCharsets.UTF_8));
            writer.commit();
        }
        return target;
    }

    /** A copy of a model with noise on every weight. */
    static Path disturbed(ModelDirectory base, Path target, long seed, double size) {
        Random random = new Random(seed);
        try (ModelDirectoryWriter writer = ModelDirectoryWriter.createLike(base, target)) {
            for (String name : base.tensors().keySet()) {
                MemorySegment from = base.data(name);
                MemorySegment to = writer.data(name);
                for (long i = 0; i < base.tensor(name).elements(); i++) {
                    float noise = (float) (size * random.nextGaussian());
                    set(to, i, from.getAtIndex(FloatConversion.FLOAT_LE, i) + noise);
                }
            }
            writer.commit();
        }
        return target;
    }

    static void set(MemorySegment data, long index, float value) {
        data.setAtIndex(FloatConversion.FLOAT_LE, index, value);
    }

    /** The manifest of the weights files alone. */
    static ModelManifest weights(Path model) {
        return new ModelManifest(
                Manifests.of(model).files().stream()
                        .filter(file -> file.path().endsWith(".safetensors"))
                        .toList());
    }

    /** The bytes of one part. */
    static byte[] part(Path model, ModelManifest manifest, Digest digest) {
        for (ModelManifest.File file : manifest.files()) {
            int offset = 0;
            for (ModelManifest.Part part : file.parts()) {
                if (part.digest().equals(digest)) {
                    byte[] all = bytes(model.resolve(file.path()));
                    return Arrays.copyOfRange(all, offset, offset + (int) part.bytes());
                }
                offset += (int) part.bytes();
            }
        }
        throw new AssertionError("no part " + digest);
    }

    static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
