package dev.tapestry.node.serving;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;

/**
 * What the review board has decided last: {@code board.json} in its directory, signed if the board
 * has a key.
 *
 * @param paused whether the model may not answer
 * @param number above that of the decision before, so that an old one is known as old: the
 *     milliseconds since 1970, or one more where the clock stands behind. So it is above it also
 *     where the decision before is lost
 * @param at when, in ISO 8601
 * @param say the words that people read while it is paused; empty for the usual ones
 */
public record BoardState(boolean paused, long number, String at, String say) {

    /** The file's name. */
    public static final String FILE = "board.json";

    /** What is signed. */
    static final String TYPE = "application/vnd.tapestry.board-state+json";

    private static final int MAX_WORDS = 2000;

    public BoardState {
        Instant.parse(at);
        if (number < 0 || say.length() > MAX_WORDS) {
            throw new IllegalArgumentException(
                    "a decision has a number from 0 and at most %d characters of words, not %d and %d"
                            .formatted(MAX_WORDS, number, say.length()));
        }
    }

    /** Before the board has decided anything. */
    static BoardState initial() {
        return new BoardState(false, 0, Instant.EPOCH.toString(), "");
    }

    /**
     * The last decision in a directory; nothing if there is none.
     *
     * @param key that must have signed it, if the board has one
     * @throws NodeException {@code BOARD_REFUSED} if it is not signed by that key or no decision
     */
    public static Optional<BoardState> in(Path directory, Optional<VerifyingKey> key) {
        return read(directory.resolve(FILE), key);
    }

    /** The decision in a file; nothing if there is none. */
    private static Optional<BoardState> read(Path file, Optional<VerifyingKey> key) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(parse(SafeFile.readBytes(file), key));
        } catch (TrustException | IllegalArgumentException | DateTimeException e) {
            throw new NodeException(
                    Code.BOARD_REFUSED,
                    "%s is no decision of the review board%s; it counts for nothing"
                            .formatted(
                                    file,
                                    key.isEmpty() && isSigned(file)
                                            ? " without its key: it is signed, so name the key"
                                            : ": " + e.getMessage()),
                    e);
        }
    }

    /** What a server has seen and kept for itself. */
    static BoardState seen(Path file) {
        return read(file, Optional.empty()).orElse(initial());
    }

    /** Keeps this as what was seen. */
    void keep(Path file) {
        SafeFile.write(file, CanonicalJson.write(this));
    }

    private static boolean isSigned(Path file) {
        try {
            Envelope.parse(SafeFile.readBytes(file));
            return true;
        } catch (TrustException e) {
            return false;
        }
    }

    /** Reads one that is signed by {@code key}, or, where the board has none, one as it is. */
    static BoardState parse(byte[] bytes, Optional<VerifyingKey> key) {
        return CanonicalJson.read(
                key.map(signer -> Envelope.parse(bytes).verify(TYPE, signer)).orElse(bytes),
                BoardState.class);
    }

    /**
     * Decides: writes what follows this.
     *
     * @param signer the board's key, if it has one
     */
    public static BoardState decide(
            Path directory, boolean paused, String say, Instant at, Optional<SigningKey> signer) {
        BoardState before = in(directory, signer.map(SigningKey::verifyingKey)).orElse(initial());
        long number = Math.max(before.number() + 1, at.toEpochMilli());
        BoardState next = new BoardState(paused, number, at.toString(), say);
        SafeFile.write(
                directory.resolve(FILE),
                signer.map(key -> CanonicalJson.write(Envelope.seal(TYPE, next, key)))
                        .orElseGet(() -> CanonicalJson.write(next)));
        return next;
    }
}
