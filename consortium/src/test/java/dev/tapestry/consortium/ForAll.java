package dev.tapestry.consortium;

import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/** Checks a property for many seeds and names the seed that breaks it. */
final class ForAll {

    private ForAll() {}

    static void seeds(int count, LongConsumer property) {
        for (long seed = 1; seed <= count; seed++) {
            try {
                property.accept(seed);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }

    static void randoms(int count, Consumer<SplittableRandom> property) {
        seeds(count, seed -> property.accept(new SplittableRandom(seed)));
    }
}
