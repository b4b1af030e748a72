package dev.tapestry.weights.codec;

import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.Residency;
import dev.tapestry.weights.SafetensorsFile;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;

/** The residual e of the round before, mapped. */
final class Residual implements AutoCloseable {

    static final String FORMAT = "tapestry-residual";

    private final SafetensorsFile file;

    private Residual(SafetensorsFile file) {
        this.file = file;
    }

    /** Opens a residual with exactly these tensors. */
    static Residual open(Path path, Map<String, TensorSpec> tensors) {
        SafetensorsFile file = SafetensorsFile.open(path);
        try {
            if (!FORMAT.equals(file.metadata().get(CodedUpdate.FORMAT))) {
                throw new WeightsException(
                        Code.CODEC, path + " is no residual: its metadata lack format " + FORMAT);
            }
            SameTensors.require(tensors, file.tensors(), "the residual " + path);
            return new Residual(file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** {@code values = decay · e + values}, rounded after the product and after the sum. */
    void add(GroupPlace place, float decay, float[] values, float[] scratch) {
        long bytes = (long) place.count() * Float.BYTES;
        long offset = place.first() * Float.BYTES;
        MemorySegment from = file.data(place.tensor());
        MemorySegment.copy(from, FloatConversion.FLOAT_LE, offset, scratch, 0, place.count());
        for (int i = 0; i < place.count(); i++) {
            values[i] = decay * scratch[i] + values[i];
        }
        Residency.release(from, offset, bytes);
    }

    @Override
    public void close() {
        file.close();
    }
}
