package dev.tapestry.app.study;

import dev.tapestry.training.Tokens;
import java.util.List;

/**
 * Several members' text as one, in which each counts the same: a smaller one repeats until it is as
 * long as the longest, as its node repeats it in the loop.
 *
 * @param texts of the members
 * @param sequenceLength of the sequences that will be read
 */
public record MixedTokens(List<Tokens> texts, int sequenceLength) implements Tokens {

    public MixedTokens {
        texts = List.copyOf(texts);
        for (Tokens text : texts) {
            if (text.count() <= sequenceLength + 1L) {
                throw new IllegalArgumentException(
                        "a member has only %d tokens; a sequence has %d"
                                .formatted(text.count(), sequenceLength));
            }
        }
    }

    @Override
    public long count() {
        return stretch() * texts.size();
    }

    @Override
    public long bytes() {
        double bytes = 0;
        for (Tokens text : texts) {
            bytes += (double) text.bytes() / text.count() * stretch();
        }
        return (long) bytes;
    }

    @Override
    public void read(long from, long[] into) {
        int place = (int) Math.min(texts.size() - 1, from / stretch());
        Tokens text = texts.get(place);
        // A sequence that would run over the end begins at the start instead.
        text.read((from - place * stretch()) % (text.count() - into.length), into);
    }

    /** How many tokens of each member stand in one pass. */
    private long stretch() {
        return texts.stream().mapToLong(Tokens::count).max().orElse(1);
    }
}
