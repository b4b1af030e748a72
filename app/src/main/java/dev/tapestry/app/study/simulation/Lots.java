package dev.tapestry.app.study.simulation;

import java.util.SplittableRandom;

/** Chance by place: the same seed and place always draw the same, whoever else draws. */
final class Lots {

    /** What is drawn. */
    enum Of {
        SPEED(0),
        LINE(1),
        ABSENCE(2),
        OPTIMA(3),
        NOISE(4);

        private final long number;

        Of(long number) {
            this.number = number;
        }
    }

    private Lots() {}

    /** The lots of something, such as of a member ({@code first}) in a round ({@code second}). */
    static SplittableRandom at(long seed, Of what, long first, long second) {
        return new SplittableRandom(mixed(mixed(mixed(seed + what.number) + first) + second));
    }

    /** A factor whose logarithm is normal with deviation {@code spread}; its median is 1. */
    static double logNormal(SplittableRandom lots, double spread) {
        return StrictMath.exp(spread * lots.nextGaussian());
    }

    /** The finaliser of SplitMix64 (Steele, Lea and Flood 2014). */
    private static long mixed(long x) {
        long z = x + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
