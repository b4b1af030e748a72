package dev.tapestry.trust.log;

import dev.tapestry.consortium.Digest;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A log's whole content in one line of hash (C2SP tlog-checkpoint).
 *
 * @param origin the log's name, which is the name of its key too: no spaces, no plus
 * @param size the number of entries
 * @param root of the Merkle tree over them
 */
public record Checkpoint(String origin, long size, Digest root) {

    private static final Pattern ORIGIN = Pattern.compile("[^\\s+\\p{Cntrl}]{1,255}");
    private static final Pattern SIZE = Pattern.compile("0|[1-9][0-9]{0,17}");

    public Checkpoint {
        if (!ORIGIN.matcher(origin).matches()) {
            throw malformed("'" + origin + "' cannot be the origin of a log");
        }
        if (size < 0) {
            throw malformed("a log has no " + size + " entries");
        }
    }

    /** The three lines that are signed. */
    public String text() {
        return origin
                + "\n"
                + size
                + "\n"
                + Base64.getEncoder().encodeToString(root.bytes())
                + "\n";
    }

    /** Signs this checkpoint as the log. */
    public SignedNote sign(SigningKey key) {
        return SignedNote.sign(text(), origin, key);
    }

    /**
     * Reads the text of a note that has been verified; further lines are extensions and ignored.
     *
     * @throws TrustException {@code CHECKPOINT_MALFORMED}
     */
    public static Checkpoint parse(String text) {
        List<String> lines = text.lines().toList();
        if (lines.size() < 3 || !text.endsWith("\n") || lines.stream().anyMatch(String::isEmpty)) {
            throw malformed("origin, size and root are expected, one a line");
        }
        if (!SIZE.matcher(lines.get(1)).matches()) {
            throw malformed("'" + lines.get(1) + "' is no number of entries");
        }
        return new Checkpoint(lines.get(0), Long.parseLong(lines.get(1)), root(lines.get(2)));
    }

    /**
     * Reads a signed note and believes it when this log's key signed it.
     *
     * @throws TrustException {@code CHECKPOINT_MALFORMED}, {@code SIGNATURE_MISSING}, {@code
     *     SIGNATURE_INVALID}
     */
    public static Checkpoint verified(String note, String origin, VerifyingKey key) {
        Checkpoint checkpoint = parse(SignedNote.parse(note).verify(origin, key));
        if (!checkpoint.origin().equals(origin)) {
            throw malformed("it is of '" + checkpoint.origin() + "', not of '" + origin + "'");
        }
        return checkpoint;
    }

    private static Digest root(String line) {
        try {
            byte[] root = Base64.getDecoder().decode(line);
            if (root.length == 32 && Base64.getEncoder().encodeToString(root).equals(line)) {
                return Digest.ofHash(root);
            }
        } catch (IllegalArgumentException _) {
            // Not base64: refused below.
        }
        throw malformed("'" + line + "' is not the base64 of 32 bytes");
    }

    private static TrustException malformed(String why) {
        return new TrustException(Code.CHECKPOINT_MALFORMED, "not a checkpoint: " + why);
    }
}
