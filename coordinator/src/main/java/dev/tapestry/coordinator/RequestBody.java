package dev.tapestry.coordinator;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** A request's body; the server's unchecked complaints about the connection become checked ones. */
final class RequestBody extends FilterInputStream {

    RequestBody(InputStream in) {
        super(in);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        try {
            return super.read(bytes, offset, length);
        } catch (RuntimeException e) {
            throw new IOException("the sender stopped sending", e);
        }
    }
}
