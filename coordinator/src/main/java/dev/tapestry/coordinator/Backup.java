package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.coordinator.store.Leadership;
import dev.tapestry.objects.ObjectStore;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * Copies a coordinator, also one that runs, into a directory from which another can be started:
 * with the log in a file and the files on the disk, wherever the original keeps them.
 *
 * <p>The log is read first, then what it refers to. What the running coordinator deletes meanwhile
 * belongs to rounds that a longer log no longer needs: then the rest of the log is read too, and
 * what that one refers to. Every file is read and compared with its digest.
 */
public final class Backup {

    private static final int ATTEMPTS = 5;
    private static final long PAGE = 1_000;

    private final CoordinatorConfig config;
    private final CoordinatorDirectory from;
    private final CoordinatorDirectory to;

    private Backup(CoordinatorConfig config, Path draft) {
        this.config = config;
        this.from = new CoordinatorDirectory(config.directory());
        this.to = new CoordinatorDirectory(draft);
    }

    /**
     * Makes a backup.
     *
     * @param directory a coordinator's
     * @param target which does not exist; it does when the backup is whole
     * @return the number of entries of its log
     * @throws CoordinatorException {@code DIRECTORY}, {@code STORAGE}; {@code MODEL} if a file is
     *     damaged; {@code NOT_KEPT} if one is missing
     */
    public static long make(Path directory, Path target) {
        CoordinatorConfig config = CoordinatorConfig.read(directory);
        if (Files.exists(target)) {
            throw new CoordinatorException(
                    Code.DIRECTORY, target + " exists; name a new directory for the backup");
        }
        Path draft = Drafts.beside(target);
        FileTrees.create(draft);
        try {
            long size = new Backup(config, draft).copy();
            FileTrees.move(draft, target);
            return size;
        } finally {
            FileTrees.delete(draft);
        }
    }

    private long copy() {
        copyOfSecret(from.authority(), to.authority());
        copyOfSecret(from.identity(), to.identity());
        copyOfSecret(from.steward(), to.steward());
        copyOfSecret(from.signingKey(), to.signingKey());
        new CoordinatorConfig(
                        to.root(),
                        config.listening(),
                        config.retention(),
                        config.mergeThreads(),
                        config.transferMebibytes())
                .write();
        try (ObjectStore source = Stores.source(from.root())) {
            for (int attempt = 1; ; attempt++) {
                long size = copyLog();
                Optional<String> missing = copyFiles(source);
                if (missing.isEmpty()) {
                    FileTrees.sync(to.root());
                    return size;
                }
                if (attempt == ATTEMPTS) {
                    throw new CoordinatorException(
                            Code.NOT_KEPT,
                            "%s is not in %s, though the log needs it; restore it, or ask for the backup again"
                                    .formatted(missing.get(), source));
                }
            }
        }
    }

    /** Copies what the copy does not have yet. */
    private long copyLog() {
        try (AuditLog original = AuditLog.in(CoordinatorLog.open(from.root()));
                AuditLog copy = AuditLog.draft(to.log(), original.origin())) {
            append(original, copy);
            copy.checkpoint(SigningKey.load(to.signingKey()));
            return copy.size();
        }
    }

    /** Appends to a log what a longer one has behind its end. */
    static void append(AuditLog original, AuditLog copy) {
        long size = original.size();
        for (long at = copy.size(); at < size; ) {
            at = copy.append(at, original.read(at, Math.min(size, at + PAGE)));
        }
    }

    /** Copies what the log needs; empty when all of it is there, otherwise what is not. */
    private Optional<String> copyFiles(ObjectStore source) {
        RoundHistory history = new RoundHistory();
        Consortium now;
        try (AuditLog log = AuditLog.readOnly(to.log())) {
            now = Ledger.replay(log, history::accept).consortium();
        }
        SharedFiles fetching =
                new SharedFiles(to.root(), Optional.of(source), new Leadership.Alone());
        BackupFiles files = new BackupFiles(to, fetching);
        Optional<String> missing = files.fetch(Kept.needed(now, history));
        if (missing.isEmpty()) {
            // Of older rounds what is there: keepRounds may have been raised since.
            Kept kept = Kept.of(config.retention().keepRounds(), now, history);
            files.fetchWhatIsThere(kept);
            new Handover(to, fetching).fetchDocuments();
            files.dropManifestsAlone();
            fetching.dropUnfinished();
        }
        return missing;
    }

    /** A file or a folder with its files, with their modes. */
    private static void copyOfSecret(Path from, Path to) {
        try {
            if (Files.isDirectory(from)) {
                FileTrees.create(to);
                for (Path file : FileTrees.list(from)) {
                    copyOfSecret(file, to.resolve(file.getFileName()));
                }
            } else if (Files.exists(from)) {
                Files.copy(from, to, StandardCopyOption.COPY_ATTRIBUTES);
            }
        } catch (IOException | UncheckedIOException e) {
            throw CoordinatorException.storage("copy", from, e);
        }
    }
}
