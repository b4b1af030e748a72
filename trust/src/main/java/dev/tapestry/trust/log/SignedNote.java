package dev.tapestry.trust.log;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A text that people can read, with signatures below it (C2SP signed-note, Ed25519).
 *
 * @param text one or more lines, each ended by a line feed, none before the signatures empty
 * @param signatures at least one
 */
public record SignedNote(String text, List<Line> signatures) {

    private static final int MAX_LENGTH = 1 << 20;

    /** More of them are an attack. */
    public static final int MAX_SIGNATURES = 128;

    private static final byte ED25519 = 1;
    private static final Pattern NAME = Pattern.compile("[^\\s+\\p{Cntrl}]{1,255}");
    private static final Pattern LINE =
            Pattern.compile("— ([^\\s+\\p{Cntrl}]{1,255}) ([A-Za-z0-9+/]{1,4096}={0,2})");

    /**
     * One signature line.
     *
     * @param name of the key
     * @param keyHash 8 hexadecimal digits, the first 4 bytes of the hash of name and key
     * @param signature base64, without the key hash
     */
    public record Line(String name, String keyHash, String signature) {
        /** The line as it stands in a note, without its end. */
        @Override
        public String toString() {
            byte[] hash = HexFormat.of().parseHex(keyHash);
            byte[] own = Base64.getDecoder().decode(signature);
            byte[] both = Arrays.copyOf(hash, hash.length + own.length);
            System.arraycopy(own, 0, both, hash.length, own.length);
            return "— " + name + " " + Base64.getEncoder().encodeToString(both);
        }
    }

    public SignedNote {
        signatures = List.copyOf(signatures);
        if (!text.endsWith("\n") || hasControlCharacters(text)) {
            throw malformed("its text must be lines without control characters");
        }
        if (signatures.isEmpty() || signatures.size() > MAX_SIGNATURES) {
            throw malformed(
                    "it has "
                            + signatures.size()
                            + " signatures; 1 to "
                            + MAX_SIGNATURES
                            + " are allowed");
        }
    }

    /** Signs a text as {@code name}. */
    public static SignedNote sign(String text, String name, SigningKey key) {
        return new SignedNote(text, List.of(line(text, name, key)));
    }

    /** This note with one more signature. */
    public SignedNote countersign(String name, SigningKey key) {
        return with(line(text, name, key));
    }

    /** This note with one more line, whosever it is. */
    public SignedNote with(Line line) {
        List<Line> more = new ArrayList<>(signatures);
        more.add(line);
        return new SignedNote(text, more);
    }

    /** This note with the signatures of this name only; there must be one. */
    public SignedNote only(String name) {
        return new SignedNote(
                text, signatures.stream().filter(line -> line.name().equals(name)).toList());
    }

    /**
     * Reads a note; nothing in it is believed before {@link #verify}.
     *
     * @throws TrustException {@code CHECKPOINT_MALFORMED}
     */
    public static SignedNote parse(String note) {
        // The signatures follow the last empty line: the text may hold empty lines itself.
        int end = note.lastIndexOf("\n\n");
        if (note.length() > MAX_LENGTH || end < 0 || !note.startsWith("— ", end + 2)) {
            throw malformed("a text, an empty line and signature lines are expected");
        }
        if (!note.endsWith("\n")) {
            throw malformed("its last line does not end");
        }
        List<Line> signatures = new ArrayList<>();
        for (String line : note.substring(end + 2, note.length() - 1).split("\n", -1)) {
            signatures.add(parseLine(line));
        }
        return new SignedNote(note.substring(0, end + 1), signatures);
    }

    /**
     * The text, when the key of this name signed it; signatures of other keys do not matter.
     *
     * @throws TrustException {@code SIGNATURE_MISSING}, {@code SIGNATURE_INVALID}
     */
    public String verify(String name, VerifyingKey key) {
        String keyHash = keyHash(name, key);
        for (Line line : signatures) {
            if (line.name().equals(name) && line.keyHash().equals(keyHash)) {
                if (key.verifies(
                        text.getBytes(UTF_8), Base64.getDecoder().decode(line.signature()))) {
                    return text;
                }
                throw new TrustException(
                        Code.SIGNATURE_INVALID,
                        "the signature of '" + name + "' does not fit the note");
            }
        }
        throw new TrustException(
                Code.SIGNATURE_MISSING,
                "no signature of '"
                        + name
                        + "' with the key hash "
                        + keyHash
                        + " is on the note, but of "
                        + signatures.stream().map(l -> l.name() + "+" + l.keyHash()).toList());
    }

    /** The note as it is stored and sent. */
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder(text).append('\n');
        signatures.forEach(line -> out.append(line).append('\n'));
        return out.toString();
    }

    private static Line line(String text, String name, SigningKey key) {
        return new Line(
                name,
                keyHash(name, key.verifyingKey()),
                Base64.getEncoder().encodeToString(key.sign(text.getBytes(UTF_8))));
    }

    private static String keyHash(String name, VerifyingKey key) {
        return keyHash(name, ED25519, key);
    }

    /** The hint for a key of this name that signs in the way that {@code type} says. */
    static String keyHash(String name, byte type, VerifyingKey key) {
        if (!NAME.matcher(name).matches()) {
            throw malformed("'" + name + "' cannot be the name of a key");
        }
        MessageDigest sha256 = Digest.sha256();
        sha256.update(name.getBytes(UTF_8));
        sha256.update((byte) '\n');
        sha256.update(type);
        return HexFormat.of().formatHex(sha256.digest(key.raw()), 0, 4);
    }

    /**
     * Reads one signature line; nothing in it is believed.
     *
     * @throws TrustException {@code CHECKPOINT_MALFORMED}
     */
    public static Line parseLine(String line) {
        Matcher matcher = LINE.matcher(line);
        if (matcher.matches()) {
            try {
                byte[] both = Base64.getDecoder().decode(matcher.group(2));
                if (both.length > 4) {
                    return new Line(
                            matcher.group(1),
                            HexFormat.of().formatHex(both, 0, 4),
                            Base64.getEncoder()
                                    .encodeToString(Arrays.copyOfRange(both, 4, both.length)));
                }
            } catch (IllegalArgumentException _) {
                // Not base64: as malformed as everything else.
            }
        }
        throw malformed("'" + line + "' is not a signature line");
    }

    private static boolean hasControlCharacters(String text) {
        return text.chars().anyMatch(c -> c < 0x20 && c != '\n');
    }

    private static TrustException malformed(String why) {
        return new TrustException(Code.CHECKPOINT_MALFORMED, "not a signed note: " + why);
    }
}
