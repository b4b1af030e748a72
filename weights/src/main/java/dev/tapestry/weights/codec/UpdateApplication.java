package dev.tapestry.weights.codec;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.Residency;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.function.LongConsumer;

/** Writes θ′ = θ − decode(c), or decode(c) itself. */
final class UpdateApplication {

    private final Update base;
    private final boolean applied;
    private final CodedUpdate coded;
    private final ModelDirectoryWriter writer;

    private UpdateApplication(
            Update base, boolean applied, CodedUpdate coded, ModelDirectoryWriter writer) {
        this.base = base;
        this.applied = applied;
        this.coded = coded;
        this.writer = writer;
    }

    static void run(
            Path file, ModelDirectory base, Path target, int threads, LongConsumer counted) {
        run(file, base, true, target, threads, counted);
    }

    static void decode(Path file, ModelDirectory like, Path target, int threads) {
        run(file, like, false, target, threads, _ -> {});
    }

    private static void run(
            Path file,
            ModelDirectory base,
            boolean applied,
            Path target,
            int threads,
            LongConsumer counted) {
        base.tensors().values().forEach(spec -> requireWide(base, spec));
        try (CodedUpdate coded = CodedUpdate.open(file, base.tensors());
                ModelDirectoryWriter writer = ModelDirectoryWriter.createLike(base, target)) {
            UpdateApplication application =
                    new UpdateApplication(Update.of(base), applied, coded, writer);
            OrderedWork.run(
                    GroupPlace.all(base.tensors().values()),
                    threads,
                    () -> application.new Worker(),
                    Worker::apply,
                    worker -> counted.accept(worker.count));
            writer.commit();
        }
    }

    private static void requireWide(ModelDirectory base, TensorSpec spec) {
        if (spec.dtype() != DType.F32) {
            throw new WeightsException(
                    Code.DTYPE,
                    "tensor '%s' of the base in %s is %s: an update is applied to F32, convert the base first"
                            .formatted(spec.name(), base.path(), spec.dtype()));
        }
    }

    private final class Worker {

        private final CodedUpdate.Reader reader = coded.reader();
        private final Kernels kernels = Kernels.suitedTo(base.tensors().values());
        private final float[] values = new float[Codec.GROUP];
        private final float[] update = new float[Codec.GROUP];
        private int count;

        void apply(GroupPlace place) {
            count = reader.read(place.tensor(), place.group(), update);
            if (applied) {
                base.read(place.tensor(), place.first(), count, values);
                for (int i = 0; i < count; i++) {
                    values[i] -= update[i];
                }
            } else {
                System.arraycopy(update, 0, values, 0, count);
            }
            int bad = Finite.firstNot(kernels, values, count);
            if (bad >= 0) {
                throw new WeightsException(
                        Code.NOT_FINITE,
                        "tensor '%s' of the new model would be %s at index %d"
                                .formatted(place.tensor(), values[bad], place.first() + bad));
            }
            long bytes = (long) count * Float.BYTES;
            long offset = place.first() * Float.BYTES;
            MemorySegment to = writer.data(place.tensor());
            MemorySegment.copy(values, 0, to, FloatConversion.FLOAT_LE, offset, count);
            Residency.release(to, offset, bytes);
        }
    }
}
