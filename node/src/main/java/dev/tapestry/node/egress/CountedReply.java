package dev.tapestry.node.egress;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Counts the bytes of a reply, also when it breaks off. One thread reads it; others may look. */
final class CountedReply {

    private final StallWatch.Watched watched;
    private final LineRate rate;
    private volatile long bytes;

    /**
     * A reply that has not come yet.
     *
     * @param watched hears of everything that arrives, as {@code rate} does
     */
    CountedReply(StallWatch.Watched watched, LineRate rate) {
        this.watched = watched;
        this.rate = rate;
    }

    long bytes() {
        return bytes;
    }

    InputStream counting(InputStream in) {
        watched.moved(0);
        return new FilterInputStream(in) {
            @Override
            public int read() throws IOException {
                int value = super.read();
                count(value < 0 ? 0 : 1);
                return value;
            }

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                int read = super.read(buffer, offset, length);
                count(Math.max(0, read));
                return read;
            }
        };
    }

    // One thread reads a reply; others may look.
    @SuppressWarnings("NonAtomicVolatileUpdate")
    private void count(int read) {
        bytes += read;
        watched.moved(read);
        rate.moved(read);
    }
}
