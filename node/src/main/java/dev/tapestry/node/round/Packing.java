package dev.tapestry.node.round;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.codec.Codec;
import dev.tapestry.weights.codec.CodedUpdate;
import dev.tapestry.weights.codec.Feedback;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What is contributed of trained weights: themselves, or a coded update of them.
 *
 * @param weights manifest of what the coordinator will have
 * @param update the file that is sent in their place, if they are coded
 * @param gradient the mean gradient that goes with them, if members share theirs
 */
record Packing(ModelManifest weights, Optional<CodedFile> update, Optional<CodedFile> gradient) {

    /** The weights themselves. */
    static Packing whole(Path trained) {
        return new Packing(weightsOnly(trained), Optional.empty(), Optional.empty());
    }

    /**
     * The same with the mean gradient, coded by itself; it is written among the files that are
     * sent.
     *
     * @param trained directory of the gradient
     */
    Packing with(CodecName codec, Path trained, Path sent, int threads) {
        Path file = sent.resolve(CodedFile.GRADIENT);
        CodedUpdate.encodeAfresh(Codec.named(codec.value()), trained, file, threads);
        return new Packing(
                weights, update, Optional.of(new CodedFile(codec, Manifests.file(file))));
    }

    /**
     * Encodes what was learned, with what earlier contributions have lost, and decodes it again to
     * know what the coordinator will have.
     *
     * @param codec that the plan asks for
     * @param base θ, the directory of a model in F32
     * @param place where the update and its residual go
     * @param before what earlier contributions have lost
     * @throws NodeException {@code STORAGE}
     * @throws dev.tapestry.weights.WeightsException {@code CODEC} if this version does not know the
     *     codec, and what {@link CodedUpdate#encode} and {@link CodedUpdate#apply} refuse
     */
    static Packing coded(
            CodecName codec, Path base, Outbox.Place place, Optional<Path> before, int threads) {
        Codec known = Codec.named(codec.value());
        Path file = place.update().resolve(CodedFile.UPDATE);
        Path decoded = place.update().resolveSibling("decoded");
        Feedback feedback =
                before.map(residual -> Feedback.next(residual, place.residual(), 1))
                        .orElseGet(() -> Feedback.first(place.residual()));
        try (ModelDirectory theta = ModelDirectory.open(base)) {
            Files.createDirectories(place.update());
            try (ModelDirectory trained = ModelDirectory.open(place.weights())) {
                CodedUpdate.encode(known, theta, trained, feedback, file, threads);
            }
            Drafts.delete(decoded); // a process that was killed here may have left it
            CodedUpdate.apply(file, theta, decoded, threads);
            ModelManifest weights = weightsOnly(decoded);
            Drafts.delete(decoded);
            return new Packing(
                    weights,
                    Optional.of(new CodedFile(codec, Manifests.file(file))),
                    Optional.empty());
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot pack the contribution: " + e, e);
        }
    }

    /** What is contributed is weights: the configuration and the tokenizer are the base's. */
    private static ModelManifest weightsOnly(Path model) {
        List<ModelManifest.File> weights =
                Manifests.of(model).files().stream()
                        .filter(file -> file.path().endsWith(".safetensors"))
                        .toList();
        return new ModelManifest(weights);
    }
}
