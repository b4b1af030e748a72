package dev.tapestry.trust;

import dev.tapestry.trust.TrustException.Code;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Text armour for keys, requests and certificates (RFC 7468, strict: no headers, no other text than
 * blank lines between blocks).
 */
public final class Pem {

    /** No key, request or chain of ours is longer than this many characters. */
    public static final int MAX_LENGTH = 65_536;

    private static final Pattern BLOCK =
            Pattern.compile(
                    "\\s*-----BEGIN ([A-Z0-9 ]{1,40})-----\\r?\\n([A-Za-z0-9+/=\\r\\n]*+)-----END"
                            + " \\1-----\\s*");

    private Pem() {}

    /** Writes one block with lines of 64 characters. */
    public static String encode(String label, byte[] content) {
        return "-----BEGIN "
                + label
                + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content)
                + "\n-----END "
                + label
                + "-----\n";
    }

    /** Reads text that holds exactly one block with this label. */
    public static byte[] decode(String label, String text) {
        List<byte[]> blocks = decodeAll(label, text);
        if (blocks.size() != 1) {
            throw malformed("one '" + label + "' block is expected, not " + blocks.size());
        }
        return blocks.getFirst();
    }

    /** Reads text that holds one or more blocks, all with this label. */
    private static List<byte[]> decodeAll(String label, String text) {
        if (text.length() > MAX_LENGTH) {
            throw malformed("the text has " + text.length() + " characters, at most " + MAX_LENGTH);
        }
        List<byte[]> blocks = new ArrayList<>();
        Matcher matcher = BLOCK.matcher(text);
        int from = 0;
        while (from < text.length()) {
            if (!matcher.region(from, text.length()).lookingAt()) {
                throw malformed("no PEM block begins at character " + from);
            }
            if (!matcher.group(1).equals(label)) {
                throw malformed("a '" + label + "' is expected, not a '" + matcher.group(1) + "'");
            }
            blocks.add(base64(matcher.group(2)));
            from = matcher.end();
        }
        if (blocks.isEmpty()) {
            throw malformed("the text is empty; a '" + label + "' is expected");
        }
        return List.copyOf(blocks);
    }

    private static byte[] base64(String lines) {
        String joined = lines.replace("\r", "").replace("\n", "");
        try {
            return Base64.getDecoder().decode(joined.getBytes(StandardCharsets.ISO_8859_1));
        } catch (IllegalArgumentException e) {
            throw new TrustException(
                    Code.PEM_MALFORMED, "the block is not base64: " + e.getMessage(), e);
        }
    }

    private static TrustException malformed(String what) {
        return new TrustException(
                Code.PEM_MALFORMED, what + "; give the file exactly as it was written");
    }
}
