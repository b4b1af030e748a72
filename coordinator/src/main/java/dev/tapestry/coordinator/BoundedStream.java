package dev.tapestry.coordinator;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * A file of an audit bundle that has so many bytes at most; one that inflates to more is refused.
 */
final class BoundedStream extends FilterInputStream {

    private final long limit;
    private final String name;
    private long taken;

    BoundedStream(InputStream in, long limit, String name) {
        super(in);
        this.limit = limit;
        this.name = name;
    }

    @Override
    public int read() throws IOException {
        int next = super.read();
        return next < 0 ? next : (int) counted(next, 1);
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int read = super.read(buffer, offset, length);
        return read < 0 ? read : (int) counted(read, read);
    }

    @Override
    public long skip(long count) throws IOException {
        long skipped = super.skip(count);
        return counted(skipped, skipped);
    }

    private long counted(long result, long bytes) {
        taken += bytes;
        if (taken > limit) {
            throw AuditBundle.bad("'%s' has more than %d bytes".formatted(name, limit));
        }
        return result;
    }
}
