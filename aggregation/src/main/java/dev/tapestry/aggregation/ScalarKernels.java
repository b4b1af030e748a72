package dev.tapestry.aggregation;

import dev.tapestry.consortium.OuterOptimizer.Variant;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/** One element after another: the meaning of {@link VectorKernels}, and its stand-in. */
final class ScalarKernels implements Kernels {

    static final ValueLayout.OfFloat F32 =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort BF16 =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @Override
    public void accumulate(Chunk chunk, Four four, float[] sum, float[] lanes) {
        Arrays.fill(lanes, 0, Four.SIZE * LANES, 0);
        for (int k = 0; k < Four.SIZE; k++) {
            int slot = four.slot(k);
            float factor = four.factor(k);
            for (int i = 0; i < chunk.count(); i++) {
                float update = chunk.update(slot, i);
                sum[i] = sum[i] + factor * update;
                lanes[k * LANES + i % LANES] += update * update;
            }
        }
    }

    @Override
    public void project(Chunk chunk, Four four, float[] sum, float[] lanes) {
        Arrays.fill(lanes, 0, (Four.SIZE + 1) * LANES, 0);
        for (int k = 0; k < Four.SIZE; k++) {
            int slot = four.slot(k);
            for (int i = 0; i < chunk.count(); i++) {
                lanes[k * LANES + i % LANES] += chunk.update(slot, i) * sum[i];
            }
        }
        for (int i = 0; i < chunk.count(); i++) {
            lanes[Four.SIZE * LANES + i % LANES] += sum[i] * sum[i];
        }
    }

    @Override
    public void measure(Chunk chunk, int slot, float[] lanes) {
        Arrays.fill(lanes, 0, 2 * LANES, 0);
        for (int i = 0; i < chunk.count(); i++) {
            float base = chunk.value(chunk.base(), i);
            float update = base - chunk.value(slot, i);
            lanes[i % LANES] += update * update;
            lanes[LANES + i % LANES] += base * base;
        }
    }

    @Override
    public void dot(float[] x, float[] y, int count, float[] lanes) {
        Arrays.fill(lanes, 0, LANES, 0);
        for (int i = 0; i < count; i++) {
            lanes[i % LANES] += x[i] * y[i];
        }
    }

    @Override
    public void widen(MemorySegment bf16, long offset, float[] target, int count) {
        widenFrom(0, bf16, offset, target, count);
    }

    static void widenFrom(int from, MemorySegment bf16, long offset, float[] target, int count) {
        for (int i = from; i < count; i++) {
            int bits = bf16.get(BF16, offset + (long) i * Short.BYTES) << 16;
            target[i] = Float.intBitsToFloat(bits);
        }
    }

    @Override
    public void addScaled(float[] sum, float factor, float[] term, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] = sum[i] + factor * term[i];
        }
    }

    @Override
    public void decay(float[] momentum, float factor, float[] term, int count) {
        for (int i = 0; i < count; i++) {
            momentum[i] = factor * momentum[i] + term[i];
        }
    }

    @Override
    public void scale(float[] values, float factor, int count) {
        for (int i = 0; i < count; i++) {
            values[i] = factor * values[i];
        }
    }

    @Override
    public void average(float[] average, float keep, float take, float[] term, int count) {
        averageFrom(0, average, keep, take, term, count);
    }

    static void averageFrom(
            int from, float[] average, float keep, float take, float[] term, int count) {
        for (int i = from; i < count; i++) {
            average[i] = keep * average[i] + take * term[i];
        }
    }

    @Override
    public void square(
            Variant variant, float[] v, float keep, float take, float[] term, int count) {
        squareFrom(0, variant, v, keep, take, term, count);
    }

    static void squareFrom(
            int from, Variant variant, float[] v, float keep, float take, float[] term, int count) {
        for (int i = from; i < count; i++) {
            float square = term[i] * term[i];
            v[i] =
                    switch (variant) {
                        case ADAM -> keep * v[i] + take * square;
                        case YOGI -> v[i] - take * square * Math.signum(v[i] - square);
                        case ADAGRAD -> v[i] + square;
                    };
        }
    }

    @Override
    public void adapt(float[] m, float[] v, float epsilon, float[] target, int count) {
        adaptFrom(0, m, v, epsilon, target, count);
    }

    static void adaptFrom(
            int from, float[] m, float[] v, float epsilon, float[] target, int count) {
        for (int i = from; i < count; i++) {
            target[i] = m[i] / ((float) Math.sqrt(v[i]) + epsilon);
        }
    }

    @Override
    public void exchange(float[] low, float[] high, int count) {
        exchangeFrom(0, low, high, count);
    }

    static void exchangeFrom(int from, float[] low, float[] high, int count) {
        for (int i = from; i < count; i++) {
            float smaller = Math.min(low[i], high[i]);
            high[i] = Math.max(low[i], high[i]);
            low[i] = smaller;
        }
    }

    @Override
    public void addSent(
            Chunk chunk, int slot, float factor, float weight, float[] sum, float[] sent) {
        addSentFrom(0, chunk, slot, factor, weight, sum, sent);
    }

    static void addSentFrom(
            int from,
            Chunk chunk,
            int slot,
            float factor,
            float weight,
            float[] sum,
            float[] sent) {
        for (int i = from; i < chunk.count(); i++) {
            float update = chunk.update(slot, i);
            sum[i] = sum[i] + factor * update;
            sent[i] = sent[i] + (update == 0 ? 0 : weight);
        }
    }

    @Override
    public void divide(float[] sum, float[] by, int count) {
        divideFrom(0, sum, by, count);
    }

    static void divideFrom(int from, float[] sum, float[] by, int count) {
        for (int i = from; i < count; i++) {
            sum[i] = by[i] == 0 ? 0 : sum[i] / by[i];
        }
    }

    @Override
    public void update(Chunk chunk, int slot, double[] target) {
        updateFrom(0, chunk, slot, target);
    }

    static void updateFrom(int from, Chunk chunk, int slot, double[] target) {
        for (int i = from; i < chunk.count(); i++) {
            target[i] = chunk.update(slot, i);
        }
    }

    @Override
    public void widen(float[] values, double[] target, int count) {
        for (int i = 0; i < count; i++) {
            target[i] = values[i];
        }
    }

    @Override
    public double product(double[] x, double[] y, int count) {
        double[] lanes = new double[LANES];
        return productFrom(0, x, y, count, lanes);
    }

    /** Goes on from element {@code from} with the lanes that are there, and adds them up. */
    static double productFrom(int from, double[] x, double[] y, int count, double[] lanes) {
        for (int i = from; i < count; i++) {
            lanes[i % LANES] += x[i] * y[i];
        }
        return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
                + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
    }

    @Override
    public void step(Chunk chunk, float rate, float[] update, float[] target) {
        stepFrom(0, chunk, rate, update, target);
    }

    static void stepFrom(int from, Chunk chunk, float rate, float[] update, float[] target) {
        for (int i = from; i < chunk.count(); i++) {
            target[i] = chunk.value(chunk.base(), i) - rate * update[i];
        }
    }
}
