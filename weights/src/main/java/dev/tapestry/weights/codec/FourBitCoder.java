package dev.tapestry.weights.codec;

/**
 * Two numbers in a byte, the first in its lower half; blocks of 64 with a BF16 scale.
 *
 * <p>Of the sixteen codes of {@link Levels} the code 8 is never written.
 */
final class FourBitCoder implements GroupCoder {

    static final int BLOCK = 64;

    private static final int CODES = 16;
    private static final int UNUSED = 8;

    /** What the codes mean. */
    enum Levels {
        /** −7 to 7, two's complement, times max|x| / 7 rounded up to a BF16. */
        INTEGERS(Float.floatToRawIntBits(Float.MAX_VALUE / 7) >>> 16),
        /** ±s·2⁻ᵏ, k from 0 to 6, and 0; s is max|x| rounded to a BF16. */
        POWERS(Bf16.LARGEST);

        private final int largestScale;

        Levels(int largestScale) {
            this.largestScale = largestScale;
        }
    }

    private final Kernels kernels;
    private final Levels levels;
    private final byte[] codes = new byte[BLOCK];
    private final float[] table = new float[CODES];

    FourBitCoder(Kernels kernels, Levels levels) {
        this.kernels = kernels;
        this.levels = levels;
    }

    @Override
    public int maxBytes(int count) {
        return Math.ceilDiv(count, BLOCK) * Short.BYTES + Math.ceilDiv(count, 2);
    }

    @Override
    public int encode(float[] values, int count, byte[] out) {
        int payload = Math.ceilDiv(count, BLOCK) * Short.BYTES;
        for (int from = 0, block = 0; from < count; from += BLOCK, block++) {
            int to = Math.min(count, from + BLOCK);
            float largest = Float.intBitsToFloat(kernels.largestMagnitude(values, from, to));
            int scale = scale(largest);
            float divisor = scale == 0 ? 1 : Bf16.value(scale);
            switch (levels) {
                case INTEGERS -> kernels.round(values, from, to, divisor, 7, codes, 0);
                case POWERS -> kernels.roundLog(values, from, to, divisor, codes, 0);
            }
            GroupBytes.putShort(out, block * Short.BYTES, scale);
            SmallCodes.packFours(codes, to - from, out, payload + from / 2);
        }
        return maxBytes(count);
    }

    private int scale(float largest) {
        return switch (levels) {
            case INTEGERS -> Math.min(levels.largestScale, Bf16.above(largest / 7));
            case POWERS -> Bf16.nearest(largest);
        };
    }

    @Override
    public void decode(GroupBytes in, int count, float[] values) {
        int payload = Math.ceilDiv(count, BLOCK) * Short.BYTES;
        refuseUnused(in, payload, count);
        for (int from = 0, block = 0; from < count; from += BLOCK, block++) {
            int to = Math.min(count, from + BLOCK);
            fillTable(Bf16.value(in.scale(block * Short.BYTES, levels.largestScale)));
            byte[] bytes = in.bytes();
            int at = payload + from / 2;
            for (int i = from; i + 1 < to; i += 2, at++) {
                values[i] = table[bytes[at] & 15];
                values[i + 1] = table[bytes[at] >>> 4 & 15];
            }
            if (to % 2 == 1) {
                values[to - 1] = table[bytes[at] & 15];
            }
        }
    }

    private void fillTable(float scale) {
        float level = scale;
        for (int code = UNUSED - 1; code > 0; code--) {
            switch (levels) {
                case INTEGERS -> {
                    table[code] = code * scale;
                    table[CODES - code] = -code * scale;
                }
                case POWERS -> {
                    table[code] = level;
                    table[UNUSED + code] = -level;
                    level *= 0.5f;
                }
            }
        }
    }

    private static void refuseUnused(GroupBytes in, int payload, int count) {
        for (int at = payload; at < in.length(); at += Long.BYTES) {
            if (SmallCodes.hasEight(SmallCodes.load(in.bytes(), at))) {
                int bad = at;
                while ((in.bytes()[bad] & 15) != UNUSED && (in.bytes()[bad] >>> 4 & 15) != UNUSED) {
                    bad++;
                }
                throw in.refused(bad, "the code 8 is not used");
            }
        }
        if (count % 2 == 1 && in.unsignedByte(in.length() - 1) > 15) {
            throw in.refused(in.length() - 1, "the unused half of the last byte is not zero");
        }
    }
}
