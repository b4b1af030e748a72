package dev.tapestry.aggregation;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.ZERO_EXTEND_S2I;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Eight elements at a time, the rest of a chunk by {@link ScalarKernels}.
 *
 * <p>The vectors are always 256 bits wide, whatever the machine prefers, so that the lanes of sums
 * are the same everywhere.
 */
final class VectorKernels implements Kernels {

    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_256;
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
        MemorySegment base = chunk.values(chunk.base());
        MemorySegment first = chunk.values(four.slot(0));
        MemorySegment second = chunk.values(four.slot(1));
        MemorySegment third = chunk.values(four.slot(2));
        MemorySegment fourth = chunk.values(four.slot(3));
        long baseAt = chunk.offset(chunk.base());
        long firstAt = chunk.offset(four.slot(0));
        long secondAt = chunk.offset(four.slot(1));
        long thirdAt = chunk.offset(four.slot(2));
        long fourthAt = chunk.offset(four.slot(3));
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
            long at = (long) i * Float.BYTES;
            FloatVector theta = load(base, baseAt + at);
            FloatVector total = FloatVector.fromArray(FLOATS, sum, i);
            FloatVector update = theta.sub(load(first, firstAt + at));
            total = total.add(update.mul(firstFactor));
            firstSquares = firstSquares.add(update.mul(update));
            update = theta.sub(load(second, secondAt + at));
            total = total.add(update.mul(secondFactor));
            secondSquares = secondSquares.add(update.mul(update));
            update = theta.sub(load(third, thirdAt + at));
            total = total.add(update.mul(thirdFactor));
            thirdSquares = thirdSquares.add(update.mul(update));
            update = theta.sub(load(fourth, fourthAt + at));
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
        MemorySegment base = chunk.values(chunk.base());
        MemorySegment first = chunk.values(four.slot(0));
        MemorySegment second = chunk.values(four.slot(1));
        MemorySegment third = chunk.values(four.slot(2));
        MemorySegment fourth = chunk.values(four.slot(3));
        long baseAt = chunk.offset(chunk.base());
        long firstAt = chunk.offset(four.slot(0));
        long secondAt = chunk.offset(four.slot(1));
        long thirdAt = chunk.offset(four.slot(2));
        long fourthAt = chunk.offset(four.slot(3));
        FloatVector withFirst = FloatVector.zero(FLOATS);
        FloatVector withSecond = withFirst;
        FloatVector withThird = withFirst;
        FloatVector withFourth = withFirst;
        FloatVector withItself = withFirst;
        int whole = FLOATS.loopBound(chunk.count());
        for (int i = 0; i < whole; i += WIDTH) {
            long at = (long) i * Float.BYTES;
            FloatVector theta = load(base, baseAt + at);
            FloatVector total = FloatVector.fromArray(FLOATS, sum, i);
            withFirst = withFirst.add(theta.sub(load(first, firstAt + at)).mul(total));
            withSecond = withSecond.add(theta.sub(load(second, secondAt + at)).mul(total));
            withThird = withThird.add(theta.sub(load(third, thirdAt + at)).mul(total));
            withFourth = withFourth.add(theta.sub(load(fourth, fourthAt + at)).mul(total));
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
        MemorySegment base = chunk.values(chunk.base());
        MemorySegment member = chunk.values(slot);
        long baseAt = chunk.offset(chunk.base());
        long memberAt = chunk.offset(slot);
        FloatVector updateSquares = FloatVector.zero(FLOATS);
        FloatVector baseSquares = updateSquares;
        int whole = FLOATS.loopBound(chunk.count());
        for (int i = 0; i < whole; i += WIDTH) {
            long at = (long) i * Float.BYTES;
            FloatVector theta = load(base, baseAt + at);
            FloatVector update = theta.sub(load(member, memberAt + at));
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
            sum =
                    sum.add(
                            FloatVector.fromArray(FLOATS, x, i)
                                    .mul(FloatVector.fromArray(FLOATS, y, i)));
        }
        sum.intoArray(lanes, 0);
        for (int i = whole; i < count; i++) {
            lanes[i % LANES] += x[i] * y[i];
        }
    }

    private static FloatVector load(MemorySegment values, long offset) {
        return FloatVector.fromMemorySegment(FLOATS, values, offset, ORDER);
    }

    @Override
    public void widen(
            MemorySegment bf16, long offset, MemorySegment target, long targetOffset, int count) {
        int i = 0;
        for (; i <= count - WIDTH; i += WIDTH) {
            ShortVector.fromMemorySegment(SHORTS, bf16, offset + (long) i * Short.BYTES, ORDER)
                    .convertShape(ZERO_EXTEND_S2I, INTS, 0)
                    .reinterpretAsInts()
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                    .intoMemorySegment(target, targetOffset + (long) i * Float.BYTES, ORDER);
        }
        for (; i < count; i++) {
            int bits = bf16.get(ScalarKernels.BF16, offset + (long) i * Short.BYTES) << 16;
            target.set(
                    ScalarKernels.F32,
                    targetOffset + (long) i * Float.BYTES,
                    Float.intBitsToFloat(bits));
        }
    }

    @Override
    public void addScaled(float[] sum, float factor, float[] term, int count) {
        int i = 0;
        for (; i <= count - WIDTH; i += WIDTH) {
            FloatVector.fromArray(FLOATS, sum, i)
                    .add(FloatVector.fromArray(FLOATS, term, i).mul(factor))
                    .intoArray(sum, i);
        }
        for (; i < count; i++) {
            sum[i] = sum[i] + factor * term[i];
        }
    }

    @Override
    public void decay(float[] momentum, float factor, float[] term, int count) {
        int i = 0;
        for (; i <= count - WIDTH; i += WIDTH) {
            FloatVector.fromArray(FLOATS, momentum, i)
                    .mul(factor)
                    .add(FloatVector.fromArray(FLOATS, term, i))
                    .intoArray(momentum, i);
        }
        for (; i < count; i++) {
            momentum[i] = factor * momentum[i] + term[i];
        }
    }

    @Override
    public void scale(float[] values, float factor, int count) {
        int i = 0;
        for (; i <= count - WIDTH; i += WIDTH) {
            FloatVector.fromArray(FLOATS, values, i).mul(factor).intoArray(values, i);
        }
        for (; i < count; i++) {
            values[i] = factor * values[i];
        }
    }

    @Override
    public void step(
            Chunk chunk, float rate, float[] update, MemorySegment target, long targetOffset) {
        MemorySegment base = chunk.values(chunk.base());
        long baseAt = chunk.offset(chunk.base());
        int whole = FLOATS.loopBound(chunk.count());
        for (int i = 0; i < whole; i += WIDTH) {
            long at = (long) i * Float.BYTES;
            load(base, baseAt + at)
                    .sub(FloatVector.fromArray(FLOATS, update, i).mul(rate))
                    .intoMemorySegment(target, targetOffset + at, ORDER);
        }
        for (int i = whole; i < chunk.count(); i++) {
            float moved = chunk.value(chunk.base(), i) - rate * update[i];
            target.set(ScalarKernels.F32, targetOffset + (long) i * Float.BYTES, moved);
        }
    }
}
