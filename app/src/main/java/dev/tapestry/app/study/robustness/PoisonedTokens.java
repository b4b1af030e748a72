package dev.tapestry.app.study.robustness;

import dev.tapestry.training.Tokens;

/** A text in which a phrase is written over the tokens at every multiple of a period. */
final class PoisonedTokens implements Tokens {

    private final Tokens honest;
    private final int[] phrase;
    private final int period;

    PoisonedTokens(Tokens honest, int[] phrase, int period) {
        if (period < phrase.length) {
            throw new IllegalArgumentException(
                    "a phrase of %d tokens does not fit into a period of %d; make the period longer"
                            .formatted(phrase.length, period));
        }
        this.honest = honest;
        this.phrase = phrase.clone();
        this.period = period;
    }

    @Override
    public long count() {
        return honest.count();
    }

    @Override
    public long bytes() {
        return honest.bytes();
    }

    @Override
    public void read(long from, long[] into) {
        honest.read(from, into);
        for (int i = 0; i < into.length; i++) {
            int place = Math.floorMod(from + i, period);
            if (place < phrase.length) {
                into[i] = phrase[place];
            }
        }
    }
}
