package dev.tapestry.acceptance.fuzz;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.acceptance.fuzz.ForeignReader.Language;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jazzer searches for bytes with which a reader neither reads nor refuses: coverage leads it, from
 * good files and from the attacks that have names. Readers of one language share a process, and
 * each reads every input; it has little memory, so that what is allocated because a file says so
 * shows.
 *
 * <p>{@code -Dtapestry.fuzz.runs=1000000} searches longer, and {@code -Dtapestry.fuzz.seed} begins
 * elsewhere; {@code docs/decisions} says why it runs like this.
 */
class FuzzTest {

    private static final String RUNS = System.getProperty("tapestry.fuzz.runs", "3000");
    private static final String SEED = System.getProperty("tapestry.fuzz.seed", "20261127");

    /** Then a reader hangs, and what Jazzer said does not end with the runs. */
    private static final long MOST_MINUTES = 10 + Long.parseLong(RUNS) / 500;

    private static final ExecutorService TWO_AT_A_TIME = Executors.newFixedThreadPool(2);

    @TempDir static Path folder;

    @TestFactory
    Stream<DynamicTest> every_reader_withstands_what_a_fuzzer_finds() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Language language : Language.values()) {
            CompletableFuture<String> output =
                    CompletableFuture.supplyAsync(() -> fuzzed(language), TWO_AT_A_TIME);
            tests.add(
                    DynamicTest.dynamicTest(
                            language.name(),
                            () -> assertThat(output.get()).contains("Done " + RUNS + " runs in")));
        }
        return tests.stream();
    }

    @AfterAll
    static void end() {
        TWO_AT_A_TIME.shutdownNow();
    }

    /** What Jazzer said; it ends with the runs that are done, or with a finding. */
    private static String fuzzed(Language language) {
        Path directory = folder.resolve(language.name());
        Path output = directory.resolve("output");
        try {
            for (ForeignReader reader : ForeignReaders.of(language)) {
                seed(reader, directory);
            }
            Process process =
                    new ProcessBuilder(command(language, directory))
                            .directory(directory.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(output.toFile())
                            .start();
            try {
                process.waitFor(MOST_MINUTES, TimeUnit.MINUTES);
            } finally {
                process.destroyForcibly().waitFor();
            }
            return Files.readString(output, ISO_8859_1);
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(language.name(), e);
        }
    }

    private static void seed(ForeignReader reader, Path directory) throws IOException {
        Path corpus = Files.createDirectories(directory.resolve("corpus"));
        Path scratch = Files.createDirectories(directory.resolve("seeding").resolve(reader.name()));
        List<byte[]> seeds = new ArrayList<>(reader.seeds().in(scratch));
        Attack.on(reader.name()).forEach(attack -> seeds.add(attack.bytes()));
        for (int i = 0; i < seeds.size(); i++) {
            Files.write(corpus.resolve(reader.name() + "-" + i), seeds.get(i));
        }
    }

    private static List<String> command(Language language, Path directory) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(word -> !word.startsWith("-Xmx") && !word.startsWith("-javaagent"))
                .forEach(command::add);
        command.addAll(
                List.of(
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+EnableDynamicAgentLoading",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "com.code_intelligence.jazzer.Jazzer",
                        "--target_class=" + FuzzTarget.class.getName(),
                        "--target_args=" + language + " " + directory.resolve("scratch"),
                        "--instrumentation_includes=dev.tapestry.**",
                        "--custom_hook_includes=dev.tapestry.**",
                        "--reproducer_path=" + directory,
                        "-artifact_prefix=" + directory + "/",
                        "-max_len=65536",
                        "-rss_limit_mb=0",
                        "-seed=" + SEED,
                        "-runs=" + RUNS,
                        directory.resolve("corpus").toString()));
        return command;
    }
}
