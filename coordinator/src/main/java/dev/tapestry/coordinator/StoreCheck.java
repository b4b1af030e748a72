package dev.tapestry.coordinator;

import dev.tapestry.coordinator.store.Lease;
import dev.tapestry.coordinator.store.LogSettings;
import dev.tapestry.coordinator.store.PostgresLogStore;
import dev.tapestry.coordinator.store.PostgresServer;
import dev.tapestry.objects.ObjectStore;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.signature.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Whether a coordinator could start here: its configuration, its keys, and its stores. */
public final class StoreCheck {

    /**
     * One thing that was looked at.
     *
     * @param what of the coordinator
     * @param good whether it is as it should be
     * @param detail what was found, and what to do about it where that is not good
     */
    public record Finding(String what, boolean good, String detail) {}

    private final Path directory;
    private final List<Finding> findings = new ArrayList<>();

    private StoreCheck(Path directory) {
        this.directory = directory;
    }

    /** Looks at everything; also while a coordinator runs. Changes nothing that stays. */
    public static List<Finding> of(Path directory) {
        StoreCheck check = new StoreCheck(directory);
        check.all();
        return List.copyOf(check.findings);
    }

    private void all() {
        CoordinatorDirectory place = new CoordinatorDirectory(directory);
        Optional<CoordinatorConfig> config =
                look("configuration", () -> CoordinatorConfig.read(directory));
        look(
                "keys",
                () -> {
                    CertificateAuthority.open(place.authority());
                    TlsIdentity.open(place.identity());
                    return SigningKey.load(place.signingKey()).verifyingKey();
                });
        config.ifPresent(read -> {
            look("log", () -> log(read));
            look("objects", () -> objects(read));
        });
    }

    private <T> Optional<T> look(String what, Look<T> look) {
        try {
            T found = look.at();
            String said = found instanceof String text ? text : "";
            findings.add(new Finding(what, true, said));
            return Optional.of(found);
        } catch (RuntimeException e) {
            findings.add(new Finding(what, false, String.valueOf(e.getMessage())));
            return Optional.empty();
        }
    }

    private interface Look<T> {
        T at();
    }

    private String log(CoordinatorConfig config) {
        return switch (config.log()) {
            case LogSettings.Sqlite _ -> {
                AuditLog.requirePlace(new CoordinatorDirectory(directory).log());
                try (AuditLog log = AuditLog.in(CoordinatorLog.open(directory))) {
                    yield "log.db has %d entries".formatted(log.size());
                }
            }
            case LogSettings.Postgres settings -> {
                PostgresServer server = settings.server(directory);
                if (PostgresLogStore.isEmpty(server)) {
                    yield unmoved(server);
                }
                try (AuditLog log = AuditLog.in(PostgresLogStore.readable(server))) {
                    yield "%s has %d entries; %s"
                            .formatted(server.name(), log.size(), Lease.leader(server));
                }
            }
        };
    }

    /** As it should be as long as there is a log to be moved there. */
    private String unmoved(PostgresServer server) {
        String found = server.name() + " can be reached, and the database is empty";
        Path own = new CoordinatorDirectory(directory).log();
        if (!Files.exists(own)) {
            throw new CoordinatorException(
                    CoordinatorException.Code.LOG,
                    "%s; %s has no log.db that could be moved there: see log.url in coordinator.yaml"
                            .formatted(found, directory));
        }
        return "%s; next: tapestry coordinator move %s".formatted(found, directory);
    }

    private String objects(CoordinatorConfig config) {
        Optional<ObjectStore> opened = config.objects().open(directory);
        if (opened.isEmpty()) {
            return "in this directory";
        }
        try (ObjectStore store = opened.get()) {
            keepsAndGivesBack(store);
            return "%s keeps, lists, gives back and deletes".formatted(store);
        }
    }

    private void keepsAndGivesBack(ObjectStore store) {
        String name = "check-%d".formatted(ProcessHandle.current().pid());
        Path probe = new CoordinatorDirectory(directory).config();
        Path back = directory.resolve("." + name);
        store.put(name, probe);
        try {
            boolean same = store.fetch(name, back) && Files.mismatch(probe, back) == -1;
            if (!same || !store.list(name).containsKey(name)) {
                throw CoordinatorException.storage(
                        "find again what was kept in", store, new IllegalStateException(name));
            }
        } catch (IOException e) {
            throw CoordinatorException.storage("read", back, e);
        } finally {
            FileTrees.delete(back);
            store.delete(List.of(name));
        }
    }
}
