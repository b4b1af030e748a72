package dev.tapestry.corpus.preparation;

import dev.tapestry.consortium.Digest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;

/** A file that is digested while it is written, and on the disk when it is finished. */
final class OutputFile extends OutputStream {

    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private final Path file;
    private final FileChannel channel;
    private final MessageDigest sha = Digest.sha256();
    private final byte[] buffer = new byte[1 << 18];
    private int length;
    private long total;

    OutputFile(Path file) throws IOException {
        this.file = file;
        this.channel =
                FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    @Override
    public void write(int value) throws IOException {
        if (length == buffer.length) {
            drain();
        }
        buffer[length++] = (byte) value;
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
        int at = offset;
        int left = count;
        while (left > 0) {
            if (length == buffer.length) {
                drain();
            }
            int some = Math.min(left, buffer.length - length);
            System.arraycopy(bytes, at, buffer, length, some);
            length += some;
            at += some;
            left -= some;
        }
    }

    /** Writes ASCII that needs no quotes. */
    void ascii(String text) throws IOException {
        write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Writes UTF-8 as a JSON string: RFC 8259, section 7. */
    void quoted(byte[] text) throws IOException {
        write('"');
        int plain = 0;
        for (int i = 0; i < text.length; i++) {
            byte b = text[i];
            if (b == '"' || b == '\\' || (b >= 0 && b < ' ')) {
                write(text, plain, i - plain);
                escaped(b);
                plain = i + 1;
            }
        }
        write(text, plain, text.length - plain);
        write('"');
    }

    private void escaped(byte b) throws IOException {
        write('\\');
        switch (b) {
            case '"', '\\' -> write(b);
            case '\n' -> write('n');
            case '\t' -> write('t');
            default -> {
                ascii("u00");
                write(HEX[b >> 4]);
                write(HEX[b & 15]);
            }
        }
    }

    /** Ends the file; what it is. */
    Lineage.Output finish() throws IOException {
        drain();
        channel.force(true);
        channel.close();
        return new Lineage.Output(
                file.getFileName().toString(), total, Digest.ofHash(sha.digest()));
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void drain() throws IOException {
        sha.update(buffer, 0, length);
        ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, length);
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        total += length;
        length = 0;
    }
}
