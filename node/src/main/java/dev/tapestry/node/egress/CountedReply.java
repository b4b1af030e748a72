package dev.tapestry.node.egress;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Counts the bytes of a reply, also when it breaks off. */
final class CountedReply {

    private volatile long bytes;

    long bytes() {
        return bytes;
    }

    InputStream counting(InputStream in) {
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
    }
}
