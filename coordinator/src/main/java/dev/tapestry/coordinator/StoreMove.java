package dev.tapestry.coordinator;

import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.coordinator.store.LogSettings;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.signature.SigningKey;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Moves what lies in a coordinator's directory to the stores that its configuration names by now:
 * the log into PostgreSQL, the files of rounds into the object store. It may be cut off and started
 * again; the log counts as moved when {@code log.db} is called {@code log.db.moved}.
 */
public final class StoreMove {

    private StoreMove() {}

    /**
     * Moves; only while no coordinator runs.
     *
     * @return the number of entries in the log
     * @throws CoordinatorException {@code DIRECTORY} if there is nothing to move; {@code LOG} if
     *     the database holds other entries than {@code log.db}; {@code STORAGE}
     */
    public static long run(Path directory) {
        CoordinatorConfig config = CoordinatorConfig.read(directory);
        CoordinatorDirectory place = new CoordinatorDirectory(directory);
        String origin = Founding.origin(CertificateAuthority.open(place.authority()));
        boolean logMoves =
                config.log() instanceof LogSettings.Postgres && Files.exists(place.log());
        if (logMoves) {
            // Opened and closed once as a writer does, it is one file, and nobody else writes it.
            AuditLog.open(place.log(), origin).close();
        }
        try (Stores stores = Stores.alone(config, origin)) {
            if (logMoves) {
                moveLog(place, stores.log());
            }
            if (stores.log().size() == 0) {
                throw new CoordinatorException(
                        Code.DIRECTORY,
                        "%s holds no log.db, and the log that coordinator.yaml names is empty: there is nothing to move"
                                .formatted(directory));
            }
            new Handover(place, stores.files()).keep();
            if (logMoves) {
                FileTrees.move(
                        place.log(),
                        place.log().resolveSibling(place.log().getFileName() + ".moved"));
            }
            return stores.log().size();
        }
    }

    private static void moveLog(CoordinatorDirectory place, AuditLog target) {
        try (AuditLog own = AuditLog.readOnly(place.log())) {
            requireBeginning(own, target);
            Backup.append(own, target);
            target.checkpoint(SigningKey.load(place.signingKey()));
        }
    }

    private static void requireBeginning(AuditLog own, AuditLog target) {
        long size = target.size();
        if (size > own.size() || !own.root(size).equals(target.root(size))) {
            throw new CoordinatorException(
                    Code.LOG,
                    "the database holds %d entries that are not the beginning of log.db; give this consortium an empty database or schema"
                            .formatted(size));
        }
    }
}
