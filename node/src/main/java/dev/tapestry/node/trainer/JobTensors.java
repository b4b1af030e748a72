package dev.tapestry.node.trainer;

import dev.tapestry.aggregation.ContributionValidator;
import dev.tapestry.aggregation.GradientValidator;
import dev.tapestry.aggregation.Validation;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.trainer.JobDirectory.Output;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.SafetensorsFile;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * The weights or gradients that a trainer left, copied into the layout of the base: what is
 * contributed is a file that the node wrote, with the base's names, shapes and shards, and nothing
 * else.
 */
record JobTensors(
        JobDirectory directory,
        Output output,
        ModelDirectory base,
        Function<ModelDirectory, Optional<Refusal>> unsound) {

    /**
     * What the coordinator would refuse is better known at once; only it knows the charter's limit.
     */
    static JobTensors weights(JobDirectory directory, ModelDirectory base) {
        ContributionValidator validator = new ContributionValidator(Double.POSITIVE_INFINITY);
        return new JobTensors(
                directory,
                Output.WEIGHTS,
                base,
                weights ->
                        validator.validate(base, weights) instanceof Validation.Unsound(var refusal)
                                ? Optional.of(refusal)
                                : Optional.empty());
    }

    static JobTensors gradient(JobDirectory directory, ModelDirectory base, double clipNorm) {
        return new JobTensors(
                directory, Output.GRADIENT, base, new GradientValidator(clipNorm)::refusal);
    }

    /**
     * Checks and copies.
     *
     * @param target does not exist yet, or is empty
     * @throws NodeException {@code TRAINER_OUTPUT}: a file or a tensor is missing, malformed, too
     *     many, of another shape or dtype, or what they say is unsound
     */
    void copyTo(Path target) {
        try (ModelDirectoryWriter writer = ModelDirectoryWriter.createLike(base, target)) {
            Set<String> found = new TreeSet<>();
            for (Path file : files()) {
                copy(file, writer, found);
            }
            for (String name : base.tensors().keySet()) {
                if (!found.contains(name)) {
                    throw refused("tensor '%s' of the base is missing", name);
                }
            }
            writer.commit();
        }
        validate(target);
    }

    private List<Path> files() {
        List<Path> files = directory.files(output);
        if (files.isEmpty()) {
            throw refused(
                    "there is neither %s.safetensors nor %s-*.safetensors in %s",
                    output.stem(), output.stem(), directory.path());
        }
        return files;
    }

    private void copy(Path path, ModelDirectoryWriter writer, Set<String> found) {
        if (!JobFiles.plain(path)) {
            throw refused("%s is no plain file: links are not followed", path);
        }
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            for (TensorSpec spec : file.tensors().values()) {
                check(spec);
                if (!found.add(spec.name())) {
                    throw refused(
                            "tensor '%s' is in more than one file, lastly in %s",
                            spec.name(), path);
                }
                FloatConversion.widen(
                        spec.dtype(), file.data(spec.name()), writer.data(spec.name()));
            }
        } catch (WeightsException e) {
            throw new NodeException(
                    Code.TRAINER_OUTPUT, "%s: %s: %s".formatted(path, e.code(), e.getMessage()), e);
        }
    }

    private void check(TensorSpec spec) {
        TensorSpec expected = base.tensors().get(spec.name());
        if (expected == null) {
            throw refused("tensor '%s' is not in the base; leave it out", spec.name());
        }
        if (!spec.shape().equals(expected.shape())) {
            throw refused(
                    "tensor '%s' has shape %s; the base has %s",
                    spec.name(), spec.shape(), expected.shape());
        }
        if (spec.dtype() != DType.F32 && spec.dtype() != DType.BF16) {
            throw refused("tensor '%s' is %s; write F32, or BF16", spec.name(), spec.dtype());
        }
    }

    private void validate(Path target) {
        try (ModelDirectory copied = ModelDirectory.open(target)) {
            Optional<Refusal> refusal = unsound.apply(copied);
            if (refusal.isPresent()) {
                throw refused("%s: %s", refusal.get().finding(), refusal.get().detail());
            }
        } catch (NodeException e) {
            drop(target, e);
            throw e;
        }
    }

    /** Takes back what was copied, for what goes with it is refused. */
    static void drop(Path target, RuntimeException refusal) {
        try {
            Drafts.delete(target);
        } catch (IOException e) {
            refusal.addSuppressed(e);
        }
    }

    @SuppressWarnings("AnnotateFormatMethod") // its annotation would be this room's only use of it
    private static NodeException refused(String format, Object... values) {
        return new NodeException(Code.TRAINER_OUTPUT, format.formatted(values));
    }
}
