package dev.tapestry.aggregation;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.NE;
import static jdk.incubator.vector.VectorOperators.SQRT;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import dev.tapestry.consortium.OuterOptimizer.Variant;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * Eight elements at a time, the rest of a chunk by {@link ScalarKernels}.
 *
 * <p>The vectors are always 256 bits wide, whatever the machine prefers, so that the lanes of sums
 * are the same everywhere.
 */
final class VectorKernels implements Kernels {

    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_256;
    private static final VectorSpecies<Float> HALF = FloatVector.SPECIES_128;
    private static final VectorSpecies<Double> DOUBLES = DoubleVector.SPECIES_256;
    private static final VectorSpecies<Short> SHORTS = ShortVector.SPECIES_128;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_256;
    private static final int WIDTH = FLOATS.length();
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    /** Whether the machine has vectors of this width; if not, they would be slower than none. */
    static boolean isFast() {
        return FloatVector.SPECIES_PREFERRED.length() >= WIDTH;
    }

    @Override
    public void accumulate(Chunk chunk, Four four, float[] sum, float[] lanes) {
        float[] base = chunk.values(chunk.base());
        float[] first = chunk.values(four.slot(0));
        float[] second = chunk.values(four.slot(1));
        float[] third = chunk.values(four.slot(2));
        float[] fourth = chunk.values(four.slot(3));
        float firstFactor = four.factor(0);
        float secondFactor = four.factor(1);
        float thirdFactor = four.factor(2);
        float fourthFactor = four.factor(3);
        FloatVector firstSquares = FloatVector.zero(FLOATS);
        FloatVector secondSquares = firstSquares;
        FloatVector thirdSquares = firstSquares;
        FloatVector fourthSquares = firstSquares;
        int whole = FLOATS.loopBound(chunk.count());
        for (int i = 0; i < whole; i += WIDTH) {
            FloatVector theta = load(base, i);
            FloatVector total = load(sum, i);
            FloatVector update = theta.sub(load(first, i));
            total = total.add(update.mul(firstFactor));
            firstSquares = firstSquares.add(update.mul(update));
            update = theta.sub(load(second, i));
            total = total.add(update.mul(secondFactor));
            secondSquares = secondSquares.add(update.mul(update));
            update = theta.sub(load(third, i));
            total = total.add(update.mul(thirdFactor));
            thirdSquares = thirdSquares.add(update.mul(update));
            update = theta.sub(load(fourth, i));
            total = total.add(update.mul(fourthFactor));
            fourthSquares = fourthSquares.add(update.mul(update));
            total.intoArray(sum, i);
        }
        firstSquares.intoArray(lanes, 0);
        secondSquares.intoArray(lanes, LANES);
        thirdSquares.intoArray(lanes, 2 * LANES);
        fourthSquares.intoArray(lanes, 3 * LANES);
        for (int i = whole; i < chunk.count(); i++) {
            for (int k = 0; k < Four.SIZE; k++) {
                float update = chunk.update(four.slot(k), i);
                sum[i] = sum[i] + four.factor(k) * update;
                lanes[k * LANES + i % LANES] += update * update;
            }
        }
    }

    @Override
    public void project(Chunk chunk, Four four, float[] sum, float[] lanes) {
        float[] base = chunk.values(chunk.base());
        float[] first = chunk.values(four.slot(0));
        float[] second = chunk.values(four.slot(1));
        float[] third = chunk.values(four.slot(2));
        float[] fourth = chunk.values(four.slot(3));
        FloatVector withFirst = FloatVector.zero(FLOATS);
        FloatVector withSecond = withFirst;
        FloatVector withThird = withFirst;
        FloatVector withFourth = withFirst;
        FloatVector withItself = withFirst;
        int whole = FLOATS.loopBound(chunk.count());
        for (int i = 0; i < whole; i += WIDTH) {
            FloatVector theta = load(base, i);
            FloatVector total = load(sum, i);
            withFirst = withFirst.add(theta.sub(load(first, i)).mul(total));
            withSecond = withSecond.add(theta.sub(load(second, i)).mul(total));
            withThird = withThird.add(theta.sub(load(third, i)).mul(total));
            withFourth = withFourth.add(theta.sub(load(fourth, i)).mul(total));
            withItself = withItself.add(total.mul(total));
        }
        withFirst.intoArray(lanes, 0);
        withSecond.intoArray(lanes, LANES);
        withThird.intoArray(lanes, 2 * LANES);
        withFourth.intoArray(lanes, 3 * LANES);
        withItself.intoArray(lanes, 4 * LANES);
        for (int i = whole; i < chunk.count(); i++) {
            for (int k = 0; k < Four.SIZE; k++) {
                lanes[k * LANES + i % LANES] += chunk.update(four.slot(k), i) * sum[i];
            }
            lanes[Four.SIZE * LANES + i % LANES] += sum[i] * sum[i];
        }
    }

    @Override
    public void measure(Chunk chunk, int slot, float[] lanes) {
        float[] base = chunk.values(chunk.base());
        float[] member = chunk.values(slot);
        FloatVector updateSquares = FloatVector.zero(FLOATS);
        FloatVector baseSquares = updateSquares;
        int whole = FLOATS.loopBound(chunk.count());
        for (int i = 0; i < whole; i += WIDTH) {
            FloatVector theta = load(base, i);
            FloatVector update = theta.sub(load(member, i));
            updateSquares = updateSquares.add(update.mul(update));
            baseSquares = baseSquares.add(theta.mul(theta));
        }
        updateSquares.intoArray(lanes, 0);
        baseSquares.intoArray(lanes, LANES);
        for (int i = whole; i < chunk.count(); i++) {
            float theta = chunk.value(chunk.base(), i);
            float update = theta - chunk.value(slot, i);
            lanes[i % LANES] += update * update;
            lanes[LANES + i % LANES] += theta * theta;
        }
    }

    @Override
    public void dot(float[] x, float[] y, int count, float[] lanes) {
        FloatVector sum = FloatVector.zero(FLOATS);
        int whole = FLOATS.loopBound(count);
        for (int i = 0; i < whole; i += WIDTH) {
            sum = sum.add(load(x, i).mul(load(y, i)));
        }
        sum.intoArray(lanes, 0);
        for (int i = whole; i < count; i++) {
            lanes[i % LANES] += x[i] * y[i];
        }
    }

    private static FloatVector load(float[] values, int i) {
        return FloatVector.fromArray(FLOATS, values, i);
    }

    @Override
    public void widen(MemorySegment bf16, long offset, float[] target, int count) {
        int whole = FLOATS.loopBound(count);
        for (int i = 0; i < whole; i += WIDTH) {
            ShortVector.fromMemorySegment(SHORTS, bf16, offset + (long) i * Short.BYTES, ORDER)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .reinterpretAsInts()
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .intoArray(target, i);
        }
        ScalarKernels.widenFrom(whole, bf16, offset, target, count);
    }

    @Override
    public void addScaled(float[] sum, float factor, float[] term, int count) {
        int i = 0;
        for (; i <= count - WIDTH; i += WIDTH) {
            load(sum, i).add(load(term, i).mul(factor)).intoArray(sum, i);
        }
        for (; i < count; i++) {
            sum[i] = sum[i] + factor * term[i];
        }
    }

    @Override
    public void decay(float[] momentum, float factor, float[] term, int count) {
        int i = 0;
        for (; i <= count - WIDTH; i += WIDTH) {
            load(momentum, i).mul(factor).add(load(term, i)).intoArray(momentum, i);
        }
        for (; i < count; i++) {
            momentum[i] = factor * momentum[i] + term[i];
        }
    }

    @Override
    public void scale(float[] values, float factor, int count) {
        int i = 0;
        for (; i <= count - WIDTH; i += WIDTH) {
            load(values, i).mul(factor).intoArray(values, i);
        }
        for (; i < count; i++) {
            values[i] = factor * values[i];
        }
    }

    @Override
    public void average(float[] average, float keep, float take, float[] term, int count) {
        int whole = FLOATS.loopBound(count);
        for (int i = 0; i < whole; i += WIDTH) {
            load(average, i).mul(keep).add(load(term, i).mul(take)).intoArray(average, i);
        }
        ScalarKernels.averageFrom(whole, average, keep, take, term, count);
    }

    @Override
    public void square(
            Variant variant, float[] v, float keep, float take, float[] term, int count) {
        int whole = FLOATS.loopBound(count);
        for (int i = 0; i < whole; i += WIDTH) {
            FloatVector before = load(v, i);
            FloatVector update = load(term, i);
            FloatVector square = update.mul(update);
            switch (variant) {
                case ADAM -> before.mul(keep).add(square.mul(take)).intoArray(v, i);
                case YOGI -> yogi(before, square, take).intoArray(v, i);
                case ADAGRAD -> before.add(square).intoArray(v, i);
            }
        }
        ScalarKernels.squareFrom(whole, variant, v, keep, take, term, count);
    }

    /** v − (take · s) · sign(v − s), where the sign is 1, −1 or 0. */
    private static FloatVector yogi(FloatVector v, FloatVector square, float take) {
        FloatVector difference = v.sub(square);
        FloatVector sign =
                FloatVector.zero(FLOATS)
                        .blend(1, difference.compare(GT, 0))
                        .blend(-1, difference.compare(LT, 0));
        return v.sub(square.mul(take).mul(sign));
    }

    @Override
    public void adapt(float[] m, float[] v, float epsilon, float[] target, int count) {
        int whole = FLOATS.loopBound(count);
        for (int i = 0; i < whole; i += WIDTH) {
            FloatVector root = load(v, i).lanewise(SQRT);
            load(m, i).div(root.add(epsilon)).intoArray(target, i);
        }
        ScalarKernels.adaptFrom(whole, m, v, epsilon, target, count);
    }

    @Override
    public void exchange(float[] low, float[] high, int count) {
        int whole = FLOATS.loopBound(count);
        for (int i = 0; i < whole; i += WIDTH) {
            FloatVector one = load(low, i);
            FloatVector other = load(high, i);
            one.min(other).intoArray(low, i);
            one.max(other).intoArray(high, i);
        }
        ScalarKernels.exchangeFrom(whole, low, high, count);
    }

    @Override
    public void addSent(
            Chunk chunk, int slot, float factor, float weight, float[] sum, float[] sent) {
        float[] base = chunk.values(chunk.base());
        float[] member = chunk.values(slot);
        int whole = FLOATS.loopBound(chunk.count());
        for (int i = 0; i < whole; i += WIDTH) {
            FloatVector update = load(base, i).sub(load(member, i));
            load(sum, i).add(update.mul(factor)).intoArray(sum, i);
            FloatVector before = load(sent, i);
            before.add(weight, update.compare(NE, 0)).intoArray(sent, i);
        }
        ScalarKernels.addSentFrom(whole, chunk, slot, factor, weight, sum, sent);
    }

    @Override
    public void divide(float[] sum, float[] by, int count) {
        int whole = FLOATS.loopBound(count);
        for (int i = 0; i < whole; i += WIDTH) {
            FloatVector divisor = load(by, i);
            VectorMask<Float> nobody = divisor.compare(EQ, 0);
            load(sum, i).div(divisor.blend(1, nobody)).blend(0, nobody).intoArray(sum, i);
        }
        ScalarKernels.divideFrom(whole, sum, by, count);
    }

    @Override
    public void update(Chunk chunk, int slot, double[] target) {
        float[] base = chunk.values(chunk.base());
        float[] member = chunk.values(slot);
        int whole = HALF.loopBound(chunk.count());
        for (int i = 0; i < whole; i += HALF.length()) {
            widened(half(base, i).sub(half(member, i))).intoArray(target, i);
        }
        ScalarKernels.updateFrom(whole, chunk, slot, target);
    }

    private static FloatVector half(float[] values, int i) {
        return FloatVector.fromArray(HALF, values, i);
    }

    private static DoubleVector widened(FloatVector values) {
        return (DoubleVector) values.convertShape(F2D, DOUBLES, 0);
    }

    @Override
    public void widen(float[] values, double[] target, int count) {
        int whole = HALF.loopBound(count);
        for (int i = 0; i < whole; i += HALF.length()) {
            widened(FloatVector.fromArray(HALF, values, i)).intoArray(target, i);
        }
        for (int i = whole; i < count; i++) {
            target[i] = values[i];
        }
    }

    @Override
    public double product(double[] x, double[] y, int count) {
        DoubleVector lower = DoubleVector.zero(DOUBLES);
        DoubleVector upper = lower;
        int width = DOUBLES.length();
        int whole = FLOATS.loopBound(count);
        for (int i = 0; i < whole; i += WIDTH) {
            lower =
                    lower.add(
                            DoubleVector.fromArray(DOUBLES, x, i)
                                    .mul(DoubleVector.fromArray(DOUBLES, y, i)));
            upper =
                    upper.add(
                            DoubleVector.fromArray(DOUBLES, x, i + width)
                                    .mul(DoubleVector.fromArray(DOUBLES, y, i + width)));
        }
        double[] lanes = new double[LANES];
        lower.intoArray(lanes, 0);
        upper.intoArray(lanes, width);
        return ScalarKernels.productFrom(whole, x, y, count, lanes);
    }

    @Override
    public void step(Chunk chunk, float rate, float[] update, float[] target) {
        float[] base = chunk.values(chunk.base());
        int whole = FLOATS.loopBound(chunk.count());
        for (int i = 0; i < whole; i += WIDTH) {
            load(base, i).sub(load(update, i).mul(rate)).intoArray(target, i);
        }
        ScalarKernels.stepFrom(whole, chunk, rate, update, target);
    }
}
