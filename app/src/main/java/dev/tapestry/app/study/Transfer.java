package dev.tapestry.app.study;

import dev.tapestry.app.study.Scheme.Residual;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.codec.Codec;
import dev.tapestry.weights.codec.CodedUpdate;
import dev.tapestry.weights.codec.Feedback;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** One direction of one member's line: codes updates, remembers what was lost, counts bytes. */
final class Transfer {

    private final Optional<Codec> codec;
    private final Residual residual;
    private final Path memory;
    private long bytes;

    /**
     * A line.
     *
     * @param codec empty for whole weights in fp32
     * @param memory a folder for residuals that exists
     */
    Transfer(Optional<Codec> codec, Residual residual, Path memory) {
        this.codec = codec;
        this.residual = residual;
        this.memory = memory;
    }

    /**
     * Carries an update over the line.
     *
     * @param base what both ends have
     * @param changed the sender's weights
     * @param moved the tensors that are sent
     * @param folder an empty folder, in which the outcome is left
     * @return the model as the receiver sees it: the base's where nothing was sent
     */
    Path carry(ModelDirectory base, Path changed, Set<String> moved, Path folder) {
        try (ModelDirectory sender = ModelDirectory.open(changed)) {
            Files.createDirectories(folder);
            Path seen = folder.resolve("seen");
            if (codec.isEmpty()) {
                bytes += moved.stream().mapToLong(name -> base.tensor(name).bytes()).sum();
                compose(base, sender, moved, seen);
                return seen;
            }
            if (moved.containsAll(base.tensors().keySet())) {
                code(base, sender, moved, folder, seen);
                return seen;
            }
            Path before = part(base, moved, folder.resolve("before"));
            Path after = part(sender, moved, folder.resolve("after"));
            Path decoded = folder.resolve("decoded");
            try (ModelDirectory theta = ModelDirectory.open(before);
                    ModelDirectory trained = ModelDirectory.open(after)) {
                code(theta, trained, moved, folder, decoded);
            }
            try (ModelDirectory received = ModelDirectory.open(decoded)) {
                compose(base, received, moved, seen);
            }
            return seen;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Codes what changed between two models and decodes it again, as the other end does. */
    private void code(
            ModelDirectory theta,
            ModelDirectory trained,
            Set<String> moved,
            Path folder,
            Path decoded)
            throws IOException {
        Path coded = folder.resolve("update.safetensors");
        CodedUpdate.encode(codec.orElseThrow(), theta, trained, feedback(moved), coded, 1);
        CodedUpdate.apply(coded, theta, decoded, 1);
        bytes += Files.size(coded);
    }

    /** What was sent so far. */
    long bytes() {
        return bytes;
    }

    /** Each fragment has a residual of its own. */
    private Feedback feedback(Set<String> moved) {
        if (residual != Residual.ADDED) {
            return Feedback.none();
        }
        Path file = memory.resolve("%08x.safetensors".formatted(moved.hashCode()));
        return Files.exists(file) ? Feedback.next(file, file, 1) : Feedback.first(file);
    }

    private static Path part(ModelDirectory model, Set<String> names, Path target)
            throws IOException {
        List<TensorSpec> specs =
                model.tensors().values().stream()
                        .filter(spec -> names.contains(spec.name()))
                        .toList();
        try (ModelDirectoryWriter writer =
                ModelDirectoryWriter.create(target, specs, Long.MAX_VALUE)) {
            specs.forEach(spec -> writer.data(spec.name()).copyFrom(model.data(spec.name())));
            writer.addFile(ModelDirectory.CONFIG, Files.readAllBytes(model.config()));
            writer.commit();
        }
        return target;
    }

    private static void compose(
            ModelDirectory base, ModelDirectory other, Set<String> moved, Path target) {
        try (ModelDirectoryWriter writer = ModelDirectoryWriter.createLike(base, target)) {
            for (String name : base.tensors().keySet()) {
                ModelDirectory from = moved.contains(name) ? other : base;
                writer.data(name).copyFrom(from.data(name));
            }
            writer.commit();
        }
    }
}
