package dev.tapestry.aggregation;

import dev.tapestry.consortium.Digest;
import java.nio.charset.StandardCharsets;

/** What an {@link OfflineRule} does to one window, once everything about its tensor is known. */
interface OfflineStep {

    /** The golden ratio's fraction in 64 bits, which SplitMix64 steps by. */
    long GOLDEN = 0x9e3779b97f4a7c15L;

    /**
     * Merges a window.
     *
     * @param first index of its first element within the tensor
     * @param base θ
     * @param models θₘ
     * @param merged takes the result
     */
    void merge(long first, float[] base, float[][] models, float[] merged);

    /** θ + scale · mean of δₘ. */
    static OfflineStep mean(double scale) {
        return (first, base, models, merged) -> {
            for (int i = 0; i < merged.length; i++) {
                double sum = 0;
                for (float[] model : models) {
                    sum += (double) model[i] - base[i];
                }
                merged[i] = (float) (base[i] + scale * sum / models.length);
            }
        };
    }

    /** TIES with thresholds by model; elements as large as the threshold stay. */
    static OfflineStep ties(float[] thresholds, double scale) {
        return (first, base, models, merged) -> {
            for (int i = 0; i < merged.length; i++) {
                double sum = 0;
                for (int m = 0; m < models.length; m++) {
                    sum += trimmed(base[i], models[m][i], thresholds[m]);
                }
                double agreeing = 0;
                int count = 0;
                for (int m = 0; m < models.length; m++) {
                    double delta = trimmed(base[i], models[m][i], thresholds[m]);
                    if (delta * sum > 0) {
                        agreeing += delta;
                        count++;
                    }
                }
                merged[i] = (float) (base[i] + (count == 0 ? 0 : scale * agreeing / count));
            }
        };
    }

    private static double trimmed(float base, float model, float threshold) {
        float delta = model - base;
        return Math.abs(delta) >= threshold ? delta : 0;
    }

    /**
     * DARE. Element i of model m stays if the upper 53 bits of mix(mix(seed + (m + 1)·golden +
     * name) + (i + 1)·golden), as a fraction, are at least p; mix is SplitMix64's (Steele, Lea,
     * Flood, OOPSLA 2014), name the first 8 bytes of the SHA-256 of the tensor's name.
     */
    static OfflineStep dare(String tensor, double dropRate, double scale, long seed) {
        Digest digest = Digest.of(tensor.getBytes(StandardCharsets.UTF_8));
        long name = Long.parseUnsignedLong(digest.hex().substring(0, 16), 16);
        return (first, base, models, merged) -> {
            for (int i = 0; i < merged.length; i++) {
                double sum = 0;
                for (int m = 0; m < models.length; m++) {
                    long stream = mix(seed + (m + 1) * GOLDEN + name);
                    double lot = (mix(stream + (first + i + 1) * GOLDEN) >>> 11) * 0x1p-53;
                    if (lot >= dropRate) {
                        sum += ((double) models[m][i] - base[i]) / (1 - dropRate);
                    }
                }
                merged[i] = (float) (base[i] + scale * sum / models.length);
            }
        };
    }

    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    /** θ₂ + scale · δ₁. */
    static OfflineStep rebase(double scale) {
        return (first, base, models, merged) -> {
            for (int i = 0; i < merged.length; i++) {
                merged[i] = (float) (models[1][i] + scale * ((double) models[0][i] - base[i]));
            }
        };
    }

    /** A sum of two models' weights. */
    static OfflineStep weighted(double first, double second) {
        return (_, base, models, merged) -> {
            for (int i = 0; i < merged.length; i++) {
                merged[i] = (float) (first * models[0][i] + second * models[1][i]);
            }
        };
    }
}
