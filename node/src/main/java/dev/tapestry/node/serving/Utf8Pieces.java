package dev.tapestry.node.serving;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Text from bytes that come in pieces: a character is held back until it is whole. Bytes that are
 * no UTF-8 become U+FFFD.
 */
final class Utf8Pieces {

    private final CharsetDecoder decoder =
            StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPLACE)
                    .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private ByteBuffer left = ByteBuffer.allocate(0);

    /** What is whole now. */
    String put(byte[] bytes) {
        return decoded(bytes, false);
    }

    /** What is left at the end. */
    String end() {
        return decoded(new byte[0], true);
    }

    /** Whether a character has begun and is not whole. */
    boolean isHolding() {
        return left.hasRemaining();
    }

    private String decoded(byte[] bytes, boolean last) {
        ByteBuffer in = ByteBuffer.allocate(left.remaining() + bytes.length).put(left).put(bytes);
        in.flip();
        CharBuffer out = CharBuffer.allocate(in.remaining() + 2);
        decoder.decode(in, out, last);
        if (last) {
            decoder.flush(out);
        }
        left = in;
        return out.flip().toString();
    }
}
