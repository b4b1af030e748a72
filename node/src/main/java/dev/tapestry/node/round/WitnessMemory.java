package dev.tapestry.node.round;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.SignedNote;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a node has seen of the coordinator's log, on its disk. Damaged, it is not begun anew: a node
 * that forgets can be shown another history.
 *
 * @param file where it lies
 * @param notes read with the key of the coordinator that has signed it
 */
record WitnessMemory(Path file, CoordinatorNotes notes) {

    /** Where a node keeps it. */
    static WitnessMemory in(NodeHome home, CoordinatorNotes notes) {
        return new WitnessMemory(file(home), notes);
    }

    private static Path file(NodeHome home) {
        return home.witness().resolve("seen.json");
    }

    /** What was seen, as it lies there; nothing in it is believed. */
    static Optional<SeenLog> kept(NodeHome home) {
        return kept(file(home));
    }

    private static Optional<SeenLog> kept(Path file) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(CanonicalJson.read(SafeFile.readBytes(file), SeenLog.class));
        } catch (TrustException e) {
            throw damaged(file, String.valueOf(e.getMessage()), e);
        }
    }

    /** Of which log it speaks. */
    static String origin(NodeHome home, SeenLog seen) {
        try {
            return SignedNote.parse(seen.note()).text().lines().findFirst().orElse("");
        } catch (TrustException e) {
            throw damaged(file(home), String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * What was seen, under the coordinator's signature.
     *
     * @throws NodeException {@code STORAGE} when it is damaged
     */
    Optional<SeenLog> seen() {
        Optional<SeenLog> kept = kept(file);
        try {
            if (kept.isEmpty()
                    || kept.get()
                            .edge()
                            .root()
                            .equals(notes.checkpoint(kept.get().note()).root())) {
                return kept;
            }
            throw damaged(file, "its hashes are not those of its checkpoint", null);
        } catch (TrustException e) {
            throw damaged(file, String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * Whether what was seen is under this coordinator's signature, and not another's.
     *
     * @throws NodeException {@code STORAGE} when it is damaged
     */
    boolean isSigned() {
        Optional<SeenLog> kept = kept(file);
        if (kept.isEmpty()) {
            return false;
        }
        try {
            notes.checkpoint(kept.get().note());
            return true;
        } catch (TrustException e) {
            if (e.code() == TrustException.Code.SIGNATURE_MISSING) {
                return false; // another one has signed it
            }
            throw damaged(file, String.valueOf(e.getMessage()), e);
        }
    }

    /** Remembers what was seen from now on. */
    void keep(SeenLog seen) {
        try {
            SafeFile.write(file, CanonicalJson.write(seen));
        } catch (TrustException e) {
            throw new NodeException(Code.STORAGE, String.valueOf(e.getMessage()), e);
        }
    }

    private static NodeException damaged(Path file, String why, @Nullable TrustException cause) {
        return new NodeException(
                Code.STORAGE,
                "%s, what this node saw of the coordinator's log, is damaged: %s. Restore it from a copy, or delete it to believe the log anew"
                        .formatted(file, why),
                cause);
    }
}
