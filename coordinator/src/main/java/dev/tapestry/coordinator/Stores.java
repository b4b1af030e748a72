package dev.tapestry.coordinator;

import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.coordinator.store.Leadership;
import dev.tapestry.coordinator.store.Lease;
import dev.tapestry.coordinator.store.LogSettings;
import dev.tapestry.coordinator.store.PostgresLogStore;
import dev.tapestry.coordinator.store.PostgresServer;
import dev.tapestry.objects.DiskObjects;
import dev.tapestry.objects.ObjectStore;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.log.WriterLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What {@code coordinator.yaml} names as stores, opened.
 *
 * @param log to which this process alone may write, as long as it leads
 * @param leadership whether it does
 * @param files what the next one to lead needs too
 * @param lock on the directory, where the log is elsewhere
 */
record Stores(AuditLog log, Leadership leadership, SharedFiles files, @Nullable WriterLock lock)
        implements AutoCloseable {

    private static final System.Logger LOG = System.getLogger(Stores.class.getName());

    /**
     * Opens the stores for whoever leads; where another coordinator does, waits until it does not.
     *
     * @param origin the log's name
     * @throws CoordinatorException {@code STORAGE} if a store cannot be reached, {@code
     *     CONFIGURATION} if it is not set as it should be, {@code STOPPED} when interrupted
     * @throws TrustException {@code LOG_IN_USE}, {@code LOG_UNREADABLE}
     */
    static Stores lead(CoordinatorConfig config, String origin) {
        return open(
                config,
                origin,
                leader ->
                        LOG.log(
                                System.Logger.Level.INFO,
                                () ->
                                        "standing by: %s leads; the port opens when this coordinator does"
                                                .formatted(leader)));
    }

    /**
     * The same, but refused where another coordinator leads.
     *
     * @throws TrustException {@code LOG_IN_USE}, {@code LOG_UNREADABLE}
     */
    static Stores alone(CoordinatorConfig config, String origin) {
        return open(
                config,
                origin,
                leader -> {
                    throw new TrustException(
                            TrustException.Code.LOG_IN_USE,
                            "%s leads this consortium; stop it first".formatted(leader));
                });
    }

    private static Stores open(
            CoordinatorConfig config, String origin, Consumer<String> otherLeads) {
        CoordinatorDirectory directory = new CoordinatorDirectory(config.directory());
        return switch (config.log()) {
            case LogSettings.Sqlite _ ->
                    with(
                            config,
                            AuditLog.open(directory.log(), origin),
                            new Leadership.Alone(),
                            null);
            case LogSettings.Postgres settings -> {
                PostgresServer server = settings.server(config.directory());
                WriterLock lock = WriterLock.take(directory.log());
                try {
                    Lease lease = lease(server, otherLeads);
                    yield with(config, log(server, lease, origin), lease, lock);
                } catch (RuntimeException | Error e) {
                    lock.close();
                    throw e;
                }
            }
        };
    }

    /** Closes the lease too, also where it cannot be opened. */
    private static AuditLog log(PostgresServer server, Lease lease, String origin) {
        try {
            LOG.log(System.Logger.Level.INFO, () -> "leading: " + lease);
            return AuditLog.in(PostgresLogStore.writable(server, lease, origin));
        } catch (RuntimeException | Error e) {
            lease.close(); // or the next one waits until it ends
            throw e;
        }
    }

    private static Lease lease(PostgresServer server, Consumer<String> otherLeads) {
        try {
            return Lease.await(server, holder(), otherLeads);
        } catch (InterruptedException e) {
            throw new CoordinatorException(Code.STOPPED, "stopped while it stood by", e);
        } catch (TrustException e) {
            if (e.code() != TrustException.Code.STORAGE) {
                throw e;
            }
            throw new CoordinatorException(
                    Code.STORAGE,
                    "%s; see log.url, log.user and the password in coordinator.yaml, and whether the server runs ('tapestry coordinator check' tries again)"
                            .formatted(e.getMessage()),
                    e);
        }
    }

    /** By which people find this process. */
    static String holder() {
        return "process %d on %s".formatted(ProcessHandle.current().pid(), machine());
    }

    private static String machine() {
        Path name = Path.of("/proc/sys/kernel/hostname");
        try {
            return Files.exists(name) ? Files.readString(name).strip() : "a machine";
        } catch (IOException _) {
            return "a machine";
        }
    }

    private static Stores with(
            CoordinatorConfig config,
            AuditLog log,
            Leadership leadership,
            @Nullable WriterLock lock) {
        try {
            SharedFiles files =
                    new SharedFiles(
                            config.directory(),
                            config.objects().open(config.directory()),
                            leadership);
            return new Stores(log, leadership, files, lock);
        } catch (RuntimeException | Error e) {
            log.close();
            throw e;
        }
    }

    /** From where the files of a coordinator's rounds can be copied. */
    static ObjectStore source(Path directory) {
        return Files.exists(new CoordinatorDirectory(directory).config())
                ? CoordinatorConfig.read(directory)
                        .objects()
                        .open(directory)
                        .orElseGet(() -> new DiskObjects(directory))
                : new DiskObjects(directory);
    }

    /** The files of a coordinator's rounds, for reading. */
    static SharedFiles readableFiles(Path directory) {
        return Files.exists(new CoordinatorDirectory(directory).config())
                ? new SharedFiles(
                        directory,
                        CoordinatorConfig.read(directory).objects().open(directory),
                        new Leadership.Alone())
                : SharedFiles.own(directory);
    }

    /** Closes the log too. */
    @Override
    public void close() {
        try {
            log.close();
        } finally {
            try {
                files.close();
            } finally {
                if (lock != null) {
                    lock.close();
                }
            }
        }
    }
}
