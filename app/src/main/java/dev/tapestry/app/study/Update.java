package dev.tapestry.app.study;

import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/**
 * An update Δ = θ − θₘ as one vector: all tensors in the order of their names. On the heap: only
 * for the small models of a study. Immutable.
 */
public final class Update {

    private static final ValueLayout.OfFloat F32 =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final float[] values;

    private Update(float[] values) {
        this.values = values;
    }

    /** The vector with these coordinates. */
    public static Update of(float... values) {
        return new Update(values.clone());
    }

    /** θ − θₘ of two models, all F32. */
    public static Update between(ModelDirectory base, ModelDirectory trained) {
        float[] values = new float[Math.toIntExact(base.bytes() / Float.BYTES)];
        int at = 0;
        for (String name : base.tensors().keySet()) {
            MemorySegment from = base.data(name);
            MemorySegment to = trained.data(name);
            int count = Math.toIntExact(base.tensor(name).bytes() / Float.BYTES);
            for (int i = 0; i < count; i++) {
                values[at++] = from.getAtIndex(F32, i) - to.getAtIndex(F32, i);
            }
        }
        return new Update(values);
    }

    /** Writes the weights θ − Δ, in all else like {@code base}. */
    public void writeOnto(ModelDirectory base, Path target) {
        try (ModelDirectoryWriter writer = ModelDirectoryWriter.createLike(base, target)) {
            int at = 0;
            for (String name : base.tensors().keySet()) {
                MemorySegment from = base.data(name);
                MemorySegment into = writer.data(name);
                int count = Math.toIntExact(base.tensor(name).bytes() / Float.BYTES);
                for (int i = 0; i < count; i++) {
                    into.setAtIndex(F32, i, from.getAtIndex(F32, i) - values[at++]);
                }
            }
            writer.commit();
        }
    }

    /** How many coordinates. */
    public int size() {
        return values.length;
    }

    /** One of them. */
    public float at(int coordinate) {
        return values[coordinate];
    }

    /** The same with another value at one coordinate. */
    public Update with(int coordinate, float value) {
        float[] changed = values.clone();
        changed[coordinate] = value;
        return new Update(changed);
    }

    /** Every coordinate times {@code factor}. */
    public Update times(double factor) {
        float[] scaled = new float[values.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = (float) (factor * values[i]);
        }
        return new Update(scaled);
    }

    /** Coordinate by coordinate. */
    public Update minus(Update other) {
        float[] difference = new float[values.length];
        for (int i = 0; i < difference.length; i++) {
            difference[i] = values[i] - other.values[i];
        }
        return new Update(difference);
    }

    /** Summed in double precision, in order. */
    public double dot(Update other) {
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            sum += (double) values[i] * other.values[i];
        }
        return sum;
    }

    /** The Euclidean norm. */
    public double norm() {
        return Math.sqrt(dot(this));
    }

    /** The zero vector of this size. */
    public Update zero() {
        return new Update(new float[values.length]);
    }

    /** Independent normal coordinates, scaled to a norm. */
    public static Update noise(int size, double norm, SplittableRandom random) {
        float[] drawn = new float[size];
        for (int i = 0; i < size; i++) {
            drawn[i] = (float) random.nextGaussian();
        }
        Update direction = new Update(drawn);
        return direction.times(norm / direction.norm());
    }

    /** Per coordinate, the mean. */
    public static Update mean(List<Update> updates) {
        float[] mean = new float[updates.getFirst().size()];
        for (int i = 0; i < mean.length; i++) {
            mean[i] = (float) meanAt(updates, i);
        }
        return new Update(mean);
    }

    /** Per coordinate, the standard deviation of a sample (by n − 1); 0 of a single one. */
    public static Update deviation(List<Update> updates) {
        float[] deviation = new float[updates.getFirst().size()];
        for (int i = 0; i < deviation.length && updates.size() > 1; i++) {
            double mean = meanAt(updates, i);
            double squares = 0;
            for (Update update : updates) {
                squares += (update.values[i] - mean) * (update.values[i] - mean);
            }
            deviation[i] = (float) Math.sqrt(squares / (updates.size() - 1));
        }
        return new Update(deviation);
    }

    private static double meanAt(List<Update> updates, int coordinate) {
        double sum = 0;
        for (Update update : updates) {
            sum += update.values[coordinate];
        }
        return sum / updates.size();
    }
}
