package dev.tapestry.weights.codec;

/**
 * A sign and one of two magnitudes; blocks of 128 with both magnitudes as BF16.
 *
 * <p>The magnitudes of a block are divided at 1.5 times their mean, which is within 0.4 dB of the
 * best threshold for normal, Laplace and Student-t noise, and each part is represented by its mean:
 * so ‖x − x̂‖ ≤ ‖x‖ but for rounding, which is what error feedback needs. There is no code for
 * zero.
 */
final class TwoBitCoder implements GroupCoder {

    static final int BLOCK = 128;

    private static final float THRESHOLD = 1.5f;
    private static final int SCALE_BYTES = 2 * Short.BYTES;

    private final Kernels kernels;
    private final byte[] codes = new byte[BLOCK];
    private final float[] sums = new float[2];
    private final float[] table = new float[4];

    TwoBitCoder(Kernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public int maxBytes(int count) {
        return Math.ceilDiv(count, BLOCK) * SCALE_BYTES + Math.ceilDiv(count, 4);
    }

    @Override
    public int encode(float[] values, int count, byte[] out) {
        int payload = Math.ceilDiv(count, BLOCK) * SCALE_BYTES;
        for (int from = 0, block = 0; from < count; from += BLOCK, block++) {
            int to = Math.min(count, from + BLOCK);
            float threshold = THRESHOLD * mean(kernels.sum(values, from, to), to - from);
            int outer = kernels.split(values, from, to, threshold, codes, sums);
            int at = block * SCALE_BYTES;
            GroupBytes.putShort(out, at, Bf16.nearest(mean(sums[0], to - from - outer)));
            GroupBytes.putShort(out, at + Short.BYTES, Bf16.nearest(mean(sums[1], outer)));
            SmallCodes.packTwos(codes, to - from, out, payload + from / 4);
        }
        return maxBytes(count);
    }

    /** The mean of {@code count} magnitudes from their scaled sum; 0 of none. */
    private static float mean(float scaledSum, int count) {
        return count == 0
                ? 0
                : Math.min(Float.MAX_VALUE, scaledSum * (1 / Kernels.SUM_SCALE / count));
    }

    @Override
    public void decode(GroupBytes in, int count, float[] values) {
        int payload = Math.ceilDiv(count, BLOCK) * SCALE_BYTES;
        if (count % 4 != 0 && in.unsignedByte(in.length() - 1) >>> (2 * (count % 4)) != 0) {
            throw in.refused(in.length() - 1, "the unused bits of the last byte are not zero");
        }
        for (int from = 0, block = 0; from < count; from += BLOCK, block++) {
            int to = Math.min(count, from + BLOCK);
            int at = block * SCALE_BYTES;
            table[0] = Bf16.value(in.scale(at, Bf16.LARGEST));
            table[1] = Bf16.value(in.scale(at + Short.BYTES, Bf16.LARGEST));
            table[2] = -table[0];
            table[3] = -table[1];
            decodeBlock(in.bytes(), payload + from / 4, values, from, to);
        }
    }

    private void decodeBlock(byte[] bytes, int at, float[] values, int from, int to) {
        int i = from;
        for (int next = at; i + 3 < to; i += 4, next++) {
            int four = bytes[next];
            values[i] = table[four & 3];
            values[i + 1] = table[four >>> 2 & 3];
            values[i + 2] = table[four >>> 4 & 3];
            values[i + 3] = table[four >>> 6 & 3];
        }
        for (; i < to; i++) {
            values[i] = table[bytes[at + (i - from) / 4] >>> (2 * ((i - from) % 4)) & 3];
        }
    }
}
