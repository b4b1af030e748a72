package dev.tapestry.node.access;

import dev.tapestry.corpus.TokenShard;
import dev.tapestry.training.Tokens;

/** A token shard as the trainer reads it. */
final class ShardTokens implements Tokens {

    private final TokenShard shard;

    ShardTokens(TokenShard shard) {
        this.shard = shard;
    }

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
