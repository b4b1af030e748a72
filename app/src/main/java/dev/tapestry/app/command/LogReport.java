package dev.tapestry.app.command;

import dev.tapestry.consortium.Digest;
import dev.tapestry.coordinator.CoordinatorLog;
import dev.tapestry.coordinator.VerifyLog;
import dev.tapestry.node.NodeHome;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.LogStore;
import dev.tapestry.trust.log.LogVerifier;
import dev.tapestry.trust.log.Verdict;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

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
        if (!CoordinatorLog.isIn(directory)) {
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
        return switch (VerifyLog.of(files.directory(), key, remembered)) {
            case VerifyLog.Sound(Verdict.Whole verdict, _) -> of(verdict);
            case VerifyLog.Unsound(String detail) -> broken(detail);
        };
    }

    private static LogReport witnessed(ConsortiumFiles files, NodeHome node) {
        NodeMemory memory = NodeMemory.of(node);
        try (LogStore store = files.log()) {
            memory.requireOf(store.origin());
        }
        return story(files, Optional.of(memory.key()), List.of(memory.seen()));
    }
}
