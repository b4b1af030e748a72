package dev.tapestry.weights.codec;

import dev.tapestry.weights.FloatConversion;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Of each chunk of 4,096 numbers the few of largest magnitude: where they are in Golomb's code, and
 * for each a sign and one of two magnitudes (Sarfi et al., SparseLoCo, arXiv 2508.15706).
 *
 * <p>Magnitudes differ between chunks, such as between rows of an embedding, so each chunk has a
 * scale near the mean of what it keeps. In units of these scales the kept magnitudes of a group are
 * divided by Lloyd's algorithm, and each of the four bins (positive or negative, inner or outer)
 * has the level l that minimises Σ(|x| − s·l)²: l = Σ s|x| / Σ s², the mean when all scales are
 * equal.
 */
final class TopKCoder implements GroupCoder {

    private static final int LEVELS = 4;

    /** Length, largest scale, four levels. */
    private static final int LEVELS_AT = Integer.BYTES + Short.BYTES;

    private static final int HEADER = LEVELS_AT + LEVELS * Short.BYTES;

    /** Steps of a chunk's scale: its BF16 has the bits of the largest less 16 (255 − code). */
    private static final int SCALE_STEP = 16;

    private static final int FULL_SCALE = 255;
    private static final int LLOYD_STEPS = 4;

    private final int oneOf;
    private final GolombCode golomb;
    private final TopSelection selection;
    private final int[] kept;
    private final float[] magnitudes;
    private final byte[] codes;
    private final float[] scales = new float[Codec.GROUP / Codec.CHUNK];
    private final int[] scaleBits = new int[Codec.GROUP / Codec.CHUNK];
    private final float[] levels = new float[LEVELS];
    private final float[] table = new float[LEVELS];

    TopKCoder(Kernels kernels, int oneOf) {
        this.oneOf = oneOf;
        this.golomb = GolombCode.forOneOf(oneOf);
        this.selection = new TopSelection(kernels);
        this.kept = new int[Codec.GROUP / oneOf];
        this.magnitudes = new float[Codec.GROUP / oneOf];
        this.codes = new byte[Codec.GROUP / oneOf];
    }

    @Override
    public int maxBytes(int count) {
        int chunks = Math.ceilDiv(count, Codec.CHUNK);
        int most = keptOf(count);
        // The zeros of all gaps of a chunk are together no more than those of one that spans it.
        long bits =
                (long) chunks * golomb.mostBits(Codec.CHUNK)
                        + (long) most * (golomb.mostBits(1) + 2);
        return HEADER + chunks + (int) Math.ceilDiv(bits, Byte.SIZE);
    }

    /** How many of {@code count} numbers are kept: whole chunks keep alike. */
    private int keptOf(int count) {
        return count / Codec.CHUNK * (Codec.CHUNK / oneOf)
                + Math.ceilDiv(count % Codec.CHUNK, oneOf);
    }

    /** Where the kept ones of a chunk begin, and those of the chunk before end. */
    private int keptBefore(int chunk, int count) {
        return keptOf(Math.min(count, chunk * Codec.CHUNK));
    }

    @Override
    public int encode(float[] values, int count, byte[] out) {
        int chunks = Math.ceilDiv(count, Codec.CHUNK);
        for (int chunk = 0; chunk < chunks; chunk++) {
            int from = chunk * Codec.CHUNK;
            int to = Math.min(count, from + Codec.CHUNK);
            int first = keptBefore(chunk, count);
            selection.select(values, from, to, keptOf(to - from), kept, first);
            scaleBits[chunk] = Bf16.nearest(mean(values, first, keptBefore(chunk + 1, count)));
        }
        GroupBytes.putShort(out, Integer.BYTES, putScales(chunks, out));
        divide(values, count, threshold(count, chunks));
        putLevels(count, chunks, out);
        int end = putPositions(count, chunks, out);
        GroupBytes.putInt(out, 0, end - Integer.BYTES);
        return end;
    }

    private float mean(float[] values, int first, int end) {
        double sum = 0;
        for (int i = first; i < end; i++) {
            magnitudes[i] = Math.abs(values[kept[i]]);
            sum += magnitudes[i];
        }
        return (float) (sum / (end - first));
    }

    /** Writes each chunk's scale and remembers what a decoder takes it for; answers the largest. */
    private int putScales(int chunks, byte[] out) {
        int largest = Arrays.stream(scaleBits, 0, chunks).max().orElse(0);
        for (int chunk = 0; chunk < chunks; chunk++) {
            int steps = (largest - scaleBits[chunk] + SCALE_STEP / 2) / SCALE_STEP;
            boolean dropped =
                    scaleBits[chunk] == 0 || steps >= FULL_SCALE || steps * SCALE_STEP >= largest;
            out[HEADER + chunk] = (byte) (dropped ? 0 : FULL_SCALE - steps);
            scales[chunk] = dropped ? 0 : Bf16.value(largest - steps * SCALE_STEP);
        }
        return largest;
    }

    /** What divides the magnitudes, in units of the scales, each weighted by its scale's square. */
    private float threshold(int count, int chunks) {
        float threshold = 1;
        for (int step = 0; step < LLOYD_STEPS; step++) {
            double inner = 0;
            double innerSquares = 0;
            double outer = 0;
            double outerSquares = 0;
            for (int chunk = 0; chunk < chunks; chunk++) {
                double scale = scales[chunk];
                float border = threshold * scales[chunk];
                int end = keptBefore(chunk + 1, count);
                for (int i = keptBefore(chunk, count); i < end; i++) {
                    if (magnitudes[i] > border) {
                        outer += scale * magnitudes[i];
                        outerSquares += scale * scale;
                    } else {
                        inner += scale * magnitudes[i];
                        innerSquares += scale * scale;
                    }
                }
            }
            if (innerSquares == 0 || outerSquares == 0) {
                break;
            }
            threshold = (float) ((inner / innerSquares + outer / outerSquares) / 2);
        }
        return threshold;
    }

    private void divide(float[] values, int count, float threshold) {
        int most = keptOf(count);
        for (int i = 0; i < most; i++) {
            float border = threshold * scales[kept[i] / Codec.CHUNK];
            int sign = Float.floatToRawIntBits(values[kept[i]]) >>> 31;
            codes[i] = (byte) (sign << 1 | (magnitudes[i] > border ? 1 : 0));
        }
    }

    private void putLevels(int count, int chunks, byte[] out) {
        double[] products = new double[LEVELS];
        double[] squares = new double[LEVELS];
        for (int chunk = 0; chunk < chunks; chunk++) {
            double scale = scales[chunk];
            int end = keptBefore(chunk + 1, count);
            for (int i = keptBefore(chunk, count); i < end; i++) {
                products[codes[i]] += scale * magnitudes[i];
                squares[codes[i]] += scale * scale;
            }
        }
        for (int bin = 0; bin < LEVELS; bin++) {
            float level = squares[bin] == 0 ? 0 : (float) (products[bin] / squares[bin]);
            GroupBytes.putShort(out, LEVELS_AT + bin * Short.BYTES, Bf16.nearest(level));
        }
    }

    private int putPositions(int count, int chunks, byte[] out) {
        BitWriter bits = new BitWriter(out, HEADER + chunks);
        for (int chunk = 0; chunk < chunks; chunk++) {
            if (scales[chunk] == 0) {
                continue;
            }
            int next = chunk * Codec.CHUNK;
            int end = keptBefore(chunk + 1, count);
            for (int i = keptBefore(chunk, count); i < end; i++) {
                golomb.write(kept[i] - next, bits);
                bits.put(codes[i], 2);
                next = kept[i] + 1;
            }
        }
        return bits.finish();
    }

    @Override
    public long length(MemorySegment payload, long at, int count) {
        return at + Integer.BYTES > payload.byteSize()
                ? Integer.BYTES
                : Integer.BYTES + Integer.toUnsignedLong(payload.get(FloatConversion.INT_LE, at));
    }

    @Override
    public void decode(GroupBytes in, int count, float[] values) {
        int chunks = Math.ceilDiv(count, Codec.CHUNK);
        if (in.length() < HEADER + chunks) {
            throw in.refused(0, "%d bytes are no group of %d chunks", in.length(), chunks);
        }
        int largest = in.scale(Integer.BYTES, Bf16.LARGEST);
        for (int bin = 0; bin < LEVELS; bin++) {
            levels[bin] = Bf16.value(in.scale(LEVELS_AT + bin * Short.BYTES, Bf16.LARGEST));
        }
        Arrays.fill(values, 0, count, 0);
        BitReader bits = new BitReader(in, HEADER + chunks);
        for (int chunk = 0; chunk < chunks; chunk++) {
            int code = in.unsignedByte(HEADER + chunk);
            if (code > 0) {
                int scale = largest - (FULL_SCALE - code) * SCALE_STEP;
                if (scale <= 0) {
                    throw in.refused(HEADER + chunk, "the scale's code %d is below zero", code);
                }
                fillTable(Bf16.value(scale));
                int from = chunk * Codec.CHUNK;
                readChunk(in, bits, values, from, Math.min(count, from + Codec.CHUNK));
            }
        }
        bits.end();
    }

    private void fillTable(float scale) {
        for (int bin = 0; bin < LEVELS; bin++) {
            float magnitude = Math.min(Float.MAX_VALUE, scale * levels[bin]);
            table[bin] = bin < 2 ? magnitude : -magnitude;
        }
    }

    private void readChunk(GroupBytes in, BitReader bits, float[] values, int from, int to) {
        int next = from;
        for (int keep = keptOf(to - from); keep > 0; keep--) {
            int at = bits.byteAt();
            int gap = golomb.read(bits, to - next);
            if (gap >= to - next) {
                throw in.refused(at, "a position is behind the %d of its chunk", to - from);
            }
            values[next + gap] = table[bits.take(2)];
            next += gap + 1;
        }
    }
}
