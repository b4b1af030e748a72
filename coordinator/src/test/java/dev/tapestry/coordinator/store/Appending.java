package dev.tapestry.coordinator.store;

import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.log.AuditLog;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A process that appends until it is killed, or until somebody else may. */
final class Appending {

    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private Appending() {}

    /**
     * Starts it; {@code place} is the file of SQLite, or address and lease of PostgreSQL. It is
     * killed after some minutes: then nobody who reads what it says waits for ever.
     */
    static Process start(List<String> place) throws IOException {
        List<String> words = new ArrayList<>();
        words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        words.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1"));
        words.addAll(List.of("-cp", System.getProperty("java.class.path")));
        words.add(Appending.class.getName());
        words.addAll(place);
        Process process =
                new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        CompletableFuture.delayedExecutor(
                        PATIENCE.toSeconds(), TimeUnit.SECONDS, Thread::startVirtualThread)
                .execute(process::destroyForcibly);
        return process;
    }

    public static void main(String[] place) throws InterruptedException {
        try (AuditLog log =
                place.length == 1
                        ? AuditLog.open(Path.of(place[0]), LogContract.ORIGIN)
                        : PostgresLogTest.opened(
                                place[0], Duration.parse(place[1]), LogContract.ORIGIN)) {
            LogContract.appendAlways(log);
        } catch (TrustException e) {
            System.out.println(e.code());
            System.exit(3);
        }
    }
}
