package dev.tapestry.coordinator;

import java.io.IOException;
import java.io.OutputStream;

/**
 * An answer's body. The {@link Doorkeeper} sees how fast the other end takes it, or a member that
 * stops reading would keep a thread and a buffer.
 */
final class ReplyBody extends OutputStream {

    /** So little is written at once that even the least rate takes no longer than the grace. */
    static final int SLICE_BYTES = 16 << 10;

    private final OutputStream out;
    private final Visit visit;

    ReplyBody(OutputStream out, Visit visit) {
        this.out = out;
        this.visit = visit;
    }

    @Override
    public void write(int one) throws IOException {
        write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        for (int done = 0; done < length; ) {
            int slice = Math.min(SLICE_BYTES, length - done);
            visit.awaitSending();
            try {
                out.write(bytes, offset + done, slice);
            } finally {
                visit.sent(slice);
            }
            done += slice;
        }
    }

    @Override
    public void flush() throws IOException {
        visit.awaitSending();
        try {
            out.flush();
        } finally {
            visit.sent(0);
        }
    }

    @Override
    public void close() throws IOException {
        visit.awaitSending();
        try {
            out.close();
        } finally {
            visit.sent(0);
        }
    }
}
