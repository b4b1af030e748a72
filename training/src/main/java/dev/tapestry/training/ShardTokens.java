package dev.tapestry.training;

import dev.tapestry.corpus.TokenShard;

/** The tokens of a shard on disk. */
record ShardTokens(TokenShard shard) implements Tokens {

    @Override
    public long count() {
        return shard.tokenCount();
    }

    @Override
    public long bytes() {
        return shard.textBytes();
    }

    @Override
    public void read(long from, long[] into) {
        shard.copy(from, into);
    }
}
