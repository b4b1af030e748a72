package dev.tapestry.app.command;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent.Founded;
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

/** Examines a whole log offline: a coordinator's, also with what a node remembers, or a node's. */
final class LogExamination {

    private LogExamination() {}

    /**
     * Examines the coordinator's log in {@code directory}, or the node's if it is a node's.
     *
     * @param witness a node that remembers a checkpoint and the coordinator's key; else the key is
     *     the one in the log's first entry
     */
    static Verdict of(Path directory, @Nullable Path witness) {
        NodeHome node = new NodeHome(directory);
        if (Files.exists(node.log())) {
            return LogVerifier.verify(
                    node.log(), SigningKey.load(node.signingKey()).verifyingKey());
        }
        ConsortiumFiles files = new ConsortiumFiles(directory);
        if (!Files.exists(files.log())) {
            throw new CommandException(
                    directory + " holds neither log.db nor node-log.db; name the directory of one");
        }
        Verdict verdict;
        try {
            verdict =
                    witness == null
                            ? LogVerifier.verify(files.log(), keyInLog(files))
                            : witnessed(files, new NodeHome(witness));
        } catch (TrustException e) {
            return new Verdict.Broken(0, Verdict.Damage.UNREADABLE, String.valueOf(e.getMessage()));
        }
        return verdict instanceof Verdict.Whole whole ? story(files, whole) : verdict;
    }

    private static VerifyingKey keyInLog(ConsortiumFiles files) {
        if (files.first() instanceof Founded founded) {
            return new VerifyingKey(founded.coordinatorKey());
        }
        throw new CommandException("the first entry of " + files.log() + " is no founding");
    }

    private static Verdict witnessed(ConsortiumFiles files, NodeHome node) {
        VerifyingKey key = Membership.of(node).coordinatorKey();
        Path seen = node.witness().resolve("seen.json");
        if (!Files.exists(seen)) {
            throw new CommandException(node.directory() + " has verified no checkpoint yet");
        }
        String origin;
        try (AuditLog log = AuditLog.readOnly(files.log())) {
            origin = log.origin();
        }
        return LogVerifier.verify(
                files.log(), key, List.of(Checkpoint.verified(note(seen), origin, key)));
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

    /** A log whose hashes fit must also tell a story that can have happened. */
    private static Verdict story(ConsortiumFiles files, Verdict.Whole whole) {
        long index = 0;
        Optional<Consortium> state = Optional.empty();
        try {
            for (var event : files.events()) {
                state =
                        Optional.of(
                                state.isEmpty()
                                        ? Consortium.replay(List.of(event))
                                        : state.get().apply(event));
                index++;
            }
            return whole;
        } catch (RuntimeException e) {
            return new Verdict.Broken(
                    index,
                    Verdict.Damage.UNREADABLE,
                    "the entry does not follow from those before it: " + e.getMessage());
        }
    }
}
