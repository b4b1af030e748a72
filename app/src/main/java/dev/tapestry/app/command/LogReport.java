package dev.tapestry.app.command;

import dev.tapestry.consortium.Digest;
import dev.tapestry.coordinator.VerifyLog;
import dev.tapestry.node.Membership;
import dev.tapestry.node.NodeHome;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.LogVerifier;
import dev.tapestry.trust.log.Verdict;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The outcome of examining a whole log offline: a coordinator's, also with what a node remembers,
 * or a node's.
 *
 * @param whole whether everything fits together
 * @param entries in the log; 0 if it is not whole
 * @param signed how many of them the last signed checkpoint covers
 * @param root of the tree over them
 * @param problem the first wrong entry and what is wrong; empty if it is whole
 */
record LogReport(boolean whole, long entries, long signed, Optional<Digest> root, String problem) {

    /**
     * Examines the coordinator's log in {@code directory}, or the node's if it is a node's.
     *
     * @param witness a node that remembers a checkpoint and the coordinator's key; without one the
     *     key is the one in the log's first entry
     */
    static LogReport of(Path directory, @Nullable Path witness) {
        NodeHome node = new NodeHome(directory);
        if (Files.exists(node.log())) {
            VerifyingKey key = SigningKey.load(node.signingKey()).verifyingKey();
            return of(LogVerifier.verify(node.log(), key));
        }
        ConsortiumFiles files = new ConsortiumFiles(directory);
        if (!Files.exists(files.log())) {
            throw new CommandException(
                    directory + " holds neither log.db nor node-log.db; name the directory of one");
        }
        try {
            return witness == null
                    ? story(files, Optional.empty(), List.of())
                    : witnessed(files, new NodeHome(witness));
        } catch (TrustException e) {
            return broken(String.valueOf(e.getMessage()));
        }
    }

    private static LogReport of(Verdict verdict) {
        return switch (verdict) {
            case Verdict.Whole(long size, Digest root, long signed) ->
                    new LogReport(true, size, signed, Optional.of(root), "");
            case Verdict.Broken(long index, var damage, String detail) ->
                    broken("entry %d: %s, %s".formatted(index, damage, detail));
        };
    }

    private static LogReport broken(String problem) {
        return new LogReport(false, 0, 0, Optional.empty(), problem);
    }

    /** Hashes, signatures, and whether each event could follow from those before it. */
    private static LogReport story(
            ConsortiumFiles files, Optional<VerifyingKey> key, List<Checkpoint> remembered) {
        return switch (VerifyLog.of(files.log(), key, remembered)) {
            case VerifyLog.Sound(Verdict.Whole verdict, _) -> of(verdict);
            case VerifyLog.Unsound(String detail) -> broken(detail);
        };
    }

    private static LogReport witnessed(ConsortiumFiles files, NodeHome node) {
        VerifyingKey key = Membership.of(node).coordinatorKey();
        Path seen = node.witness().resolve("seen.json");
        if (!Files.exists(seen)) {
            throw new CommandException(node.directory() + " has verified no checkpoint yet");
        }
        String origin;
        try (AuditLog log = AuditLog.readOnly(files.log())) {
            origin = log.origin();
        }
        Checkpoint remembered = remembered(seen, origin, key);
        return story(files, Optional.of(key), List.of(remembered));
    }

    /** What the witness signed for is not the fault of the log that is verified. */
    private static Checkpoint remembered(Path seen, String origin, VerifyingKey key) {
        try {
            return Checkpoint.verified(note(seen), origin, key);
        } catch (TrustException e) {
            throw new CommandException(
                    ExitCode.REFUSED,
                    "%s holds no checkpoint of this log: it is damaged, of another consortium, or this log took another's place (%s)"
                            .formatted(seen, e.getMessage()),
                    e);
        }
    }

    private static String note(Path seen) {
        try {
            return JsonMapper.builder()
                    .build()
                    .readTree(Files.readAllBytes(seen))
                    .path("note")
                    .asString("");
        } catch (JacksonException e) {
            throw new CommandException(ExitCode.REFUSED, seen + " is damaged: " + e, e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + seen, e);
        }
    }
}
