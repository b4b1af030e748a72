package dev.tapestry.weights.codec;

/** One element after another: the meaning of {@link VectorKernels}, and its stand-in. */
final class ScalarKernels implements Kernels {

    @Override
    public int largestMagnitude(float[] values, int from, int to) {
        int largest = 0;
        for (int i = from; i < to; i++) {
            largest = Math.max(largest, Float.floatToRawIntBits(values[i]) & 0x7fffffff);
        }
        return largest;
    }

    @Override
    public void round(
            float[] values, int from, int to, float step, int limit, byte[] codes, int at) {
        for (int i = from; i < to; i++) {
            int bits = Float.floatToRawIntBits(values[i] / step + ROUNDER);
            codes[at + i - from] = (byte) Math.max(-limit, Math.min(limit, bits - ROUNDER_BITS));
        }
    }

    @Override
    public void roundLog(float[] values, int from, int to, float scale, byte[] codes, int at) {
        for (int i = from; i < to; i++) {
            int bits = Float.floatToRawIntBits(values[i] / scale);
            int exponent = (((bits & 0x7fffffff) + LOG_ROUNDER) >>> 23) - LOG_BIAS;
            int sign = (bits >>> 28) & 8;
            codes[at + i - from] = (byte) (exponent < 1 ? 0 : Math.min(7, exponent) | sign);
        }
    }

    @Override
    public void scale(byte[] codes, int at, float step, float[] values, int from, int to) {
        for (int i = from; i < to; i++) {
            values[i] = codes[at + i - from] * step;
        }
    }

    @Override
    public void narrow(float[] values, int count, byte[] out) {
        narrow(values, 0, count, out);
    }

    /** Narrows the numbers {@code first} to {@code count - 1}. */
    void narrow(float[] values, int first, int count, byte[] out) {
        for (int i = first; i < count; i++) {
            int bits = Float.floatToRawIntBits(values[i]);
            int rounded = Bf16.nearest(Float.intBitsToFloat(bits & 0x7fffffff));
            GroupBytes.putShort(out, i * Short.BYTES, rounded | (bits >>> 16 & 0x8000));
        }
    }

    @Override
    public void widen(byte[] bytes, int count, float[] values) {
        widen(bytes, 0, count, values);
    }

    /** Widens the numbers {@code first} to {@code count - 1}. */
    void widen(byte[] bytes, int first, int count, float[] values) {
        for (int i = first; i < count; i++) {
            values[i] = Bf16.value((bytes[2 * i] & 0xff) | bytes[2 * i + 1] << 8);
        }
    }

    @Override
    public float sum(float[] values, int from, int to) {
        float[] lanes = new float[LANES];
        for (int i = from; i < to; i++) {
            lanes[(i - from) % LANES] += Math.abs(values[i]) * SUM_SCALE;
        }
        return Kernels.total(lanes);
    }

    @Override
    public int split(
            float[] values, int from, int to, float threshold, byte[] codes, float[] sums) {
        float[] inner = new float[LANES];
        float[] outer = new float[LANES];
        int above = 0;
        for (int i = from; i < to; i++) {
            float magnitude = Math.abs(values[i]);
            int isOuter = magnitude > threshold ? 1 : 0;
            (isOuter == 1 ? outer : inner)[(i - from) % LANES] += magnitude * SUM_SCALE;
            above += isOuter;
            codes[i - from] = (byte) (Float.floatToRawIntBits(values[i]) >>> 31 << 1 | isOuter);
        }
        sums[0] = Kernels.total(inner);
        sums[1] = Kernels.total(outer);
        return above;
    }

    @Override
    public int atLeast(float[] values, int from, int to, int least, int[] indices) {
        int found = 0;
        for (int i = from; i < to; i++) {
            if ((Float.floatToRawIntBits(values[i]) & 0x7fffffff) >= least) {
                indices[found++] = i;
            }
        }
        return found;
    }
}
