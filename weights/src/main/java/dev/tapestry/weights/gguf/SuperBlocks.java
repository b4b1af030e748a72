package dev.tapestry.weights.gguf;

import dev.tapestry.weights.FloatConversion;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Blocks of 256 numbers in sub-blocks whose scales are small integers. Each sub-block's scale is
 * searched for: of some candidates the one with the least weighted squared error, where large
 * numbers weigh more.
 */
final class SuperBlocks {

    private static final int ELEMENTS = 256;

    /** How far candidates' steps lie around the one that spans the range exactly. */
    private static final int TRIALS = 10;

    private SuperBlocks() {}

    /** A sub-block's x ≈ scale · q − least, with q from 0. */
    private record Line(double scale, double least) {}

    /**
     * Eight sub-blocks of 32: x = d·s·q − e·m, with q of four bits, s and m of six, d and e of a
     * half each.
     */
    static void fourBits(float[] x, MemorySegment block) {
        Line[] lines = new Line[8];
        double largestScale = 0;
        double largestLeast = 0;
        for (int j = 0; j < 8; j++) {
            lines[j] = line(Arrays.copyOfRange(x, 32 * j, 32 * j + 32));
            largestScale = Math.max(largestScale, lines[j].scale());
            largestLeast = Math.max(largestLeast, lines[j].least());
        }
        double d = scale(block, 0, (float) (largestScale / 63));
        double e = scale(block, 2, (float) (largestLeast / 63));
        int[] scales = new int[8];
        int[] leasts = new int[8];
        for (int j = 0; j < 8; j++) {
            scales[j] = rounded(lines[j].scale(), d, 63);
            leasts[j] = rounded(lines[j].least(), e, 63);
        }
        for (int j = 0; j < 4; j++) {
            TensorFormat.putByte(block, 4 + j, scales[j] | scales[j + 4] >> 4 << 6);
            TensorFormat.putByte(block, 8 + j, leasts[j] | leasts[j + 4] >> 4 << 6);
            TensorFormat.putByte(block, 12 + j, (scales[j + 4] & 15) | (leasts[j + 4] & 15) << 4);
        }
        for (int i = 0; i < ELEMENTS / 2; i++) {
            int j = i / 32 * 2;
            int at = 32 * j + i % 32;
            int low = rounded(x[at] + e * leasts[j], d * scales[j], 15);
            int high = rounded(x[at + 32] + e * leasts[j + 1], d * scales[j + 1], 15);
            TensorFormat.putByte(block, 16 + i, low | high << 4);
        }
    }

    /** Least squares over candidates; {@code least} is never negative: zero can be stored. */
    private static Line line(float[] x) {
        double squares = 0;
        double low = 0;
        double high = Double.NEGATIVE_INFINITY;
        for (float value : x) {
            squares += (double) value * value;
            low = Math.min(low, value);
            high = Math.max(high, value);
        }
        if (!(high > low)) {
            return new Line(high - low, -low);
        }
        double mean = Math.sqrt(squares / x.length);
        Line best = new Line((high - low) / 15, -low);
        double least = error(x, mean, best);
        for (int trial = -TRIALS; trial <= TRIALS; trial++) {
            Line fitted = fitted(x, mean, new Line((high - low) / (15 + 0.1 * trial), -low));
            double error = error(x, mean, fitted);
            if (error < least) {
                least = error;
                best = fitted;
            }
        }
        return best;
    }

    /** Keeps the q's of a candidate and finds the line that fits them best. */
    private static Line fitted(float[] x, double mean, Line candidate) {
        double w = 0;
        double wq = 0;
        double wqq = 0;
        double wx = 0;
        double wqx = 0;
        for (float value : x) {
            double weight = mean + Math.abs(value);
            int q = rounded(value + candidate.least(), candidate.scale(), 15);
            w += weight;
            wq += weight * q;
            wqq += weight * q * q;
            wx += weight * value;
            wqx += weight * q * value;
        }
        double determinant = w * wqq - wq * wq;
        if (!(determinant > 0)) {
            return candidate;
        }
        double least = (wq * wqx - wqq * wx) / determinant;
        return least >= 0
                ? new Line((w * wqx - wq * wx) / determinant, least)
                : new Line(wqx / wqq, 0);
    }

    private static double error(float[] x, double mean, Line line) {
        double sum = 0;
        for (float value : x) {
            int q = rounded(value + line.least(), line.scale(), 15);
            double off = line.scale() * q - line.least() - value;
            sum += (mean + Math.abs(value)) * off * off;
        }
        return sum;
    }

    /** Sixteen sub-blocks of 16: x = d·s·(q − 32), with q of six bits and s of eight with sign. */
    static void sixBits(float[] x, MemorySegment block) {
        double[] scales = new double[16];
        double largest = 0;
        for (int j = 0; j < 16; j++) {
            scales[j] = symmetric(Arrays.copyOfRange(x, 16 * j, 16 * j + 16));
            if (Double.isNaN(scales[j]) || Math.abs(scales[j]) > Math.abs(largest)) {
                largest = scales[j];
            }
        }
        double d = scale(block, 208, (float) (largest / -128));
        int[] q = new int[ELEMENTS];
        for (int j = 0; j < 16; j++) {
            int s = d == 0 ? 0 : (int) Math.clamp(Math.rint(scales[j] / d), -128, 127);
            TensorFormat.putByte(block, 192 + j, s);
            for (int i = 16 * j; i < 16 * j + 16; i++) {
                q[i] = 32 + signed(x[i], d * s);
            }
        }
        for (int i = 0; i < ELEMENTS / 2; i++) {
            int at = i / 64 * 128 + i % 64;
            TensorFormat.putByte(block, i, (q[at] & 15) | (q[at + 64] & 15) << 4);
        }
        for (int i = 0; i < ELEMENTS / 4; i++) {
            int at = i / 32 * 128 + i % 32;
            int bits = 0;
            for (int part = 0; part < 4; part++) {
                bits |= q[at + 32 * part] >> 4 << (2 * part);
            }
            TensorFormat.putByte(block, 128 + i, bits);
        }
    }

    /** The best scale for q in −32 to 31; where −32 reaches the largest number, it is used. */
    private static double symmetric(float[] x) {
        double largest = 0;
        for (float value : x) {
            if (Float.isNaN(value) || Math.abs(value) > Math.abs(largest)) {
                largest = value;
            }
        }
        double best = largest / -32;
        if (best == 0) {
            return 0;
        }
        double most = Double.NEGATIVE_INFINITY;
        for (int trial = -TRIALS; trial <= TRIALS; trial++) {
            double candidate = largest / -(32 + 0.1 * trial);
            double wqx = 0;
            double wqq = 0;
            for (float value : x) {
                int q = signed(value, candidate);
                double weight = (double) value * value;
                wqx += weight * q * value;
                wqq += weight * q * (double) q;
            }
            // With the best scale for these q's the error is Σwx² − (Σwqx)² / Σwqq.
            double taken = wqx * wqx / wqq;
            if (taken > most) {
                most = taken;
                best = wqx / wqq;
            }
        }
        return best;
    }

    /** Writes a scale and returns what a reader will see. */
    private static double scale(MemorySegment block, long at, float value) {
        TensorFormat.putHalf(block, at, value);
        return FloatConversion.fromFloat16(TensorFormat.half(value));
    }

    private static int rounded(double value, double scale, int most) {
        return scale == 0 ? 0 : (int) Math.clamp(Math.rint(value / scale), 0, most);
    }

    private static int signed(double value, double scale) {
        return scale == 0 ? 0 : (int) Math.clamp(Math.rint(value / scale), -32, 31);
    }
}
