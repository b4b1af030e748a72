package dev.tapestry.app.command;

import dev.tapestry.node.Membership;
import dev.tapestry.node.NodeHome;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.signature.VerifyingKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a node remembers of its consortium's log.
 *
 * @param file in which
 * @param key the coordinator's, that it enrolled with or followed to
 * @param seen the last checkpoint that it verified
 */
record NodeMemory(Path file, VerifyingKey key, Checkpoint seen) {

    /**
     * Reads it.
     *
     * @throws CommandException if there is none or it is damaged: not the fault of the log that is
     *     verified
     */
    static NodeMemory of(NodeHome node) {
        VerifyingKey key = Membership.of(node).coordinatorKey();
        Path file = node.witness().resolve("seen.json");
        if (!Files.exists(file)) {
            throw new CommandException(node.directory() + " has verified no checkpoint yet");
        }
        try {
            String note = note(file);
            String origin = Checkpoint.parse(SignedNote.parse(note).text()).origin();
            return new NodeMemory(file, key, Checkpoint.verified(note, origin, key));
        } catch (TrustException e) {
            throw new CommandException(
                    ExitCode.REFUSED, "%s is damaged: %s".formatted(file, e.getMessage()), e);
        }
    }

    /** Refuses a log of another name: the node is of another consortium. */
    void requireOf(String origin) {
        if (!seen.origin().equals(origin)) {
            throw new CommandException(
                    ExitCode.REFUSED,
                    "%s holds no checkpoint of this log: it is of '%s', the log is '%s': another consortium's, or this log took another's place"
                            .formatted(file, seen.origin(), origin),
                    null);
        }
    }

    private static String note(Path file) {
        try {
            return JsonMapper.builder()
                    .build()
                    .readTree(Files.readAllBytes(file))
                    .path("note")
                    .asString("");
        } catch (JacksonException e) {
            throw new CommandException(ExitCode.REFUSED, file + " is damaged: " + e, e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }
}
