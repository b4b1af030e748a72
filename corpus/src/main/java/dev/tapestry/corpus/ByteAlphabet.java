package dev.tapestry.corpus;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The printable stand-ins that byte-level tokenizers write for bytes: bytes that are printable in
 * Latin-1 stand for themselves, the other 68 for the code points from U+0100 on, in order (Radford
 * et al. 2019, GPT-2's {@code bytes_to_unicode}).
 */
final class ByteAlphabet {

    private static final char[] CHARACTERS = new char[256];
    private static final short[] BYTES = new short[512];

    static {
        Arrays.fill(BYTES, (short) -1);
        char next = 0x100;
        for (int b = 0; b < 256; b++) {
            boolean printable = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || (b >= 0xae);
            CHARACTERS[b] = printable ? (char) b : next++;
            BYTES[CHARACTERS[b]] = (short) b;
        }
    }

    private ByteAlphabet() {}

    /** The stand-in of a byte, 0 to 255. */
    static char character(int unsignedByte) {
        return CHARACTERS[unsignedByte];
    }

    /** The byte that a character stands for, or −1. */
    static int unsignedByte(char character) {
        return character < BYTES.length ? BYTES[character] : -1;
    }

    /** How a token that stands for these bytes is written. */
    static String text(byte[] bytes) {
        StringBuilder text = new StringBuilder(bytes.length);
        for (byte b : bytes) {
            text.append(character(b & 0xff));
        }
        return text.toString();
    }

    /** The bytes that a token stands for, or null when it holds a character that is no stand-in. */
    static byte @Nullable [] bytes(String token) {
        byte[] bytes = new byte[token.length()];
        for (int i = 0; i < bytes.length; i++) {
            int b = unsignedByte(token.charAt(i));
            if (b < 0) {
                return null;
            }
            bytes[i] = (byte) b;
        }
        return bytes;
    }
}
