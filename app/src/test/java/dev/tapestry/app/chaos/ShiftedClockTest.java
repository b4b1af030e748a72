package dev.tapestry.app.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The clock of a process that runs is set from outside. */
final class ShiftedClockTest {

    private static final Duration DAY = Duration.ofDays(1);

    @TempDir Path folder;

    @Test
    void a_process_tells_the_time_that_it_is_given_and_its_stopwatch_goes_on()
            throws IOException, InterruptedException {
        Path clock = folder.resolve("clock");
        Path said = folder.resolve("said");
        Process teller =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                ShiftedClock.option(folder, clock),
                                "-cp",
                                System.getProperty("java.class.path"),
                                Teller.class.getName())
                        .redirectErrorStream(true)
                        .redirectOutput(said.toFile())
                        .start();
        try {
            awaitLine(said, "0 0 right");
            Files.writeString(clock, "%+d".formatted(DAY.toSeconds()));
            awaitLine(said, "86400 86400 right");
            Files.writeString(clock, "%+d".formatted(DAY.negated().toSeconds()));
            awaitLine(said, "-86400 -86400 right");
        } finally {
            teller.destroy();
            assertThat(teller.waitFor(1, TimeUnit.MINUTES)).isTrue();
        }
    }

    private static void awaitLine(Path said, String line) {
        await().atMost(Duration.ofMinutes(1))
                .untilAsserted(() -> assertThat(Files.readAllLines(said)).contains(line));
    }

    /** Says by how many seconds its clocks are wrong, and whether its stopwatch goes on. */
    static final class Teller {
        private Teller() {}

        /** The process. */
        @SuppressWarnings("JavaUtilDate") // TLS judges certificates by it
        public static void main(String[] arguments) throws InterruptedException {
            while (true) {
                long begun = System.nanoTime();
                long real = System.currentTimeMillis();
                long instant = Math.round((Instant.now().toEpochMilli() - real) / 1e3);
                long date = Math.round((new Date().getTime() - real) / 1e3);
                boolean right = System.nanoTime() - begun < DAY.toNanos() / 2;
                System.out.printf("%d %d %s%n", instant, date, right ? "right" : "wrong");
                Thread.sleep(20);
            }
        }
    }
}
