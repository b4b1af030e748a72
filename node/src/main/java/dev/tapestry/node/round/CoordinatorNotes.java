package dev.tapestry.node.round;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.signature.VerifyingKey;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Reads what the coordinator signed, and keeps two notes that contradict each other: that is
 * evidence that anybody can check.
 *
 * @param coordinator its key
 * @param folder where evidence goes
 */
record CoordinatorNotes(VerifyingKey coordinator, Path folder) {

    /**
     * A note as it came; nothing in it is believed.
     *
     * @throws NodeException {@code MALFORMED_REPLY}
     */
    static SignedNote parse(String note) {
        try {
            return SignedNote.parse(note);
        } catch (TrustException e) {
            throw new NodeException(
                    Code.MALFORMED_REPLY,
                    "the coordinator sent a checkpoint that is none: " + e.getMessage(),
                    e);
        }
    }

    /** What a note says, when the coordinator signed it. */
    Checkpoint checkpoint(String note) {
        String origin = SignedNote.parse(note).text().lines().findFirst().orElse("");
        return Checkpoint.verified(note, origin, coordinator);
    }

    /** Whether the coordinator signed it. */
    boolean signed(SignedNote note) {
        try {
            checkpoint(note.toString());
            return true;
        } catch (TrustException _) {
            return false;
        }
    }

    /**
     * What a note says.
     *
     * @throws NodeException {@code NOT_PROVEN} when the coordinator did not sign it
     */
    Checkpoint verified(String note) {
        try {
            return checkpoint(note);
        } catch (TrustException e) {
            throw new NodeException(
                    Code.NOT_PROVEN,
                    "the log's checkpoint is not signed by the coordinator that this node enrolled"
                            + " with: "
                            + e.getMessage(),
                    e);
        }
    }

    /** Two histories. */
    NodeException split(String before, String now, String why) {
        Path evidence = folder.resolve("split-view.txt");
        try {
            SafeFile.write(evidence, (before + "\n----\n" + now).getBytes(StandardCharsets.UTF_8));
        } catch (TrustException e) {
            throw new NodeException(Code.STORAGE, String.valueOf(e.getMessage()), e);
        }
        return new NodeException(
                Code.SPLIT_VIEW,
                "the coordinator shows two histories: %s. Both signed checkpoints are in %s; show them to the other members"
                        .formatted(why, evidence));
    }
}
