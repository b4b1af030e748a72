package dev.tapestry.corpus;

import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The lines of a UTF-8 file, one at a time; knows the line's number and byte offset, so that a
 * refusal can name the place. Lines end with LF or CRLF; a byte order mark is dropped.
 */
public final class TextLines {

    private final InputStream in;
    private final String file;
    private final int maxBytes;
    private final byte[] buffer = new byte[1 << 16];
    private final CharsetDecoder decoder =
            StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT);
    private int bufferFrom;
    private int bufferTo;
    private byte[] line = new byte[1 << 12];
    private int length;
    private long number;
    private long offset;
    private long nextOffset;

    /**
     * The lines of {@code in}, which stays the caller's.
     *
     * @param file its name, for refusals
     * @param maxBytes a longer line is refused with {@code DOCUMENT_TOO_LARGE}
     */
    public TextLines(InputStream in, String file, int maxBytes) {
        this.in = in;
        this.file = file;
        this.maxBytes = maxBytes;
    }

    /** Reads the next line; false at the end of the file. */
    public boolean next() throws IOException {
        number++;
        offset = nextOffset;
        length = 0;
        boolean any = false;
        while (fill()) {
            any = true;
            int end = bufferFrom;
            while (end < bufferTo && buffer[end] != '\n') {
                end++;
            }
            keep(end - bufferFrom);
            boolean complete = end < bufferTo;
            nextOffset += end - bufferFrom + (complete ? 1 : 0);
            bufferFrom = complete ? end + 1 : end;
            if (complete) {
                break;
            }
        }
        return any;
    }

    /** The current line without its end; refused when it is not UTF-8. */
    public String text() {
        int end = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
        ByteBuffer bytes = ByteBuffer.wrap(line, 0, end);
        CharBuffer characters = CharBuffer.allocate(end);
        decoder.reset();
        if (decoder.decode(bytes, characters, true).isError()) {
            long at = offset + bytes.position();
            throw new CorpusException(
                    Code.TEXT_MALFORMED,
                    "%s is not UTF-8 at line %d, byte offset %d (0x%02x); convert the file"
                            .formatted(file, number, at, line[bytes.position()]));
        }
        characters.flip();
        boolean mark = number == 1 && !characters.isEmpty() && characters.charAt(0) == '\uFEFF';
        return characters.subSequence(mark ? 1 : 0, characters.length()).toString();
    }

    /** The number of the current line, from 1. */
    public long number() {
        return number;
    }

    /** The bytes of the current line, without LF. */
    public int bytes() {
        return length;
    }

    /** Where the current line begins, in bytes. */
    public long offset() {
        return offset;
    }

    private boolean fill() throws IOException {
        if (bufferFrom < bufferTo) {
            return true;
        }
        bufferFrom = 0;
        bufferTo = Math.max(0, in.read(buffer));
        return bufferTo > 0;
    }

    private void keep(int count) {
        if ((long) length + count > maxBytes) {
            throw new CorpusException(
                    Code.DOCUMENT_TOO_LARGE,
                    "%s line %d (byte offset %d) is longer than the limit of %d bytes; split it"
                            .formatted(file, number, offset, maxBytes));
        }
        if (length + count > line.length) {
            line =
                    Arrays.copyOf(
                            line,
                            Math.max(length + count, (int) Math.min(maxBytes, 2L * line.length)));
        }
        System.arraycopy(buffer, bufferFrom, line, length, count);
        length += count;
    }
}
