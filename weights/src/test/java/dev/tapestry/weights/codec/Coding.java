package dev.tapestry.weights.codec;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Encodes and decodes one group, and makes numbers that are hard to code. */
final class Coding {

    private Coding() {}

    static long seed() {
        return Long.getLong("tapestry.seed", System.nanoTime());
    }

    static byte[] encode(GroupCoder coder, float... values) {
        byte[] out = new byte[coder.maxBytes(values.length) + GroupCoder.SLACK];
        Arrays.fill(out, (byte) 0x5a);
        return Arrays.copyOf(out, coder.encode(values, values.length, out));
    }

    static float[] decode(GroupCoder coder, byte[] coded, int count) {
        GroupBytes in = new GroupBytes(coded.length);
        in.load("t", MemorySegment.ofArray(coded), 0, coded.length);
        float[] values = new float[count];
        Arrays.fill(values, Float.NaN);
        coder.decode(in, count, values);
        return values;
    }

    static float[] roundTrip(Codec codec, float... values) {
        return decode(codec.coder(), encode(codec.coder(), values), values.length);
    }

    /** Finite numbers of one of several kinds: usual, sparse, tied, tiny, huge, any bits, zero. */
    static float[] numbers(SplittableRandom random, int count) {
        int kind = random.nextInt(7);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] =
                    switch (kind) {
                        case 0 -> (float) (1e-3 * CodecBenchmark.studentT4(random));
                        case 1 -> random.nextInt(90) == 0 ? (float) random.nextGaussian() : 0;
                        case 2 -> random.nextInt(-3, 4) / 4f;
                        case 3 -> Float.MIN_VALUE * random.nextInt(-3000, 3000);
                        case 4 ->
                                Float.MAX_VALUE
                                        * (1 - 0.3f * random.nextFloat())
                                        * (random.nextBoolean() ? 1 : -1);
                        case 5 -> finite(random.nextInt());
                        default -> random.nextBoolean() ? 0f : -0f;
                    };
        }
        return values;
    }

    private static float finite(int bits) {
        float value = Float.intBitsToFloat(bits);
        return Float.isFinite(value) ? value : Float.MAX_VALUE;
    }

    static double square(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return sum;
    }

    static double squareOfDifference(float[] x, float[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += ((double) x[i] - y[i]) * ((double) x[i] - y[i]);
        }
        return sum;
    }
}
