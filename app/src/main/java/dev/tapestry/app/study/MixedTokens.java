package dev.tapestry.app.study;

import dev.tapestry.corpus.TokenShard;
import dev.tapestry.training.Tokens;
import java.util.List;

/**
 * Several members' text as one, in which each counts the same: a smaller one repeats until it is as
 * long as the longest, as its node repeats it in the loop.
 *
 * @param shards of the members
 * @param sequenceLength of the sequences that will be read
 */
public record MixedTokens(List<TokenShard> shards, int sequenceLength) implements Tokens {

    public MixedTokens {
        shards = List.copyOf(shards);
        for (TokenShard shard : shards) {
            if (shard.tokenCount() <= sequenceLength + 1L) {
                throw new IllegalArgumentException(
                        "a member has only %d tokens; a sequence has %d"
                                .formatted(shard.tokenCount(), sequenceLength));
            }
        }
    }

    @Override
    public long count() {
        return stretch() * shards.size();
    }

    @Override
    public long bytes() {
        double bytes = 0;
        for (TokenShard shard : shards) {
            bytes += (double) shard.textBytes() / shard.tokenCount() * stretch();
        }
        return (long) bytes;
    }

    @Override
    public void read(long from, long[] into) {
        int place = (int) Math.min(shards.size() - 1, from / stretch());
        TokenShard shard = shards.get(place);
        // A sequence that would run over the end begins at the start instead.
        shard.copy((from - place * stretch()) % (shard.tokenCount() - into.length), into);
    }

    /** How many tokens of each member stand in one pass. */
    private long stretch() {
        return shards.stream().mapToLong(TokenShard::tokenCount).max().orElse(1);
    }
}
