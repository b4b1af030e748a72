package dev.tapestry.aggregation;

import java.nio.ByteBuffer;

/** Where the finished numbers of a shard go; threads may write different pieces at once. */
interface ShardSink {

    /** Takes the bytes of {@code tensor} from byte {@code offset} on. */
    void write(String tensor, long offset, ByteBuffer bytes);
}
