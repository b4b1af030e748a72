package dev.tapestry.acceptance;

import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Programs of the JavaScript world that read what we export. */
final class Npm {

    private static final List<String> PACKAGES =
            List.of(
                    "node-llama-cpp@3.22.1",
                    "@node-llama-cpp/linux-x64@3.22.1",
                    "@huggingface/tokenizers@0.2.0");
    private static final Path FOLDER = Path.of("target", "npm").toAbsolutePath();

    private Npm() {}

    /**
     * Runs {@code agree.mjs}; what is needed is fetched once.
     *
     * @throws org.opentest4j.TestAbortedException with a clear word where Node.js or npm is missing
     *     or cannot fetch
     */
    static void agree(Path asked, Path answers) throws IOException, InterruptedException {
        Files.createDirectories(FOLDER);
        Path script = FOLDER.resolve("agree.mjs");
        try (var resource = Npm.class.getResourceAsStream("/agree.mjs")) {
            if (resource == null) {
                throw new IllegalStateException("agree.mjs is not among the test resources");
            }
            Files.copy(resource, script, StandardCopyOption.REPLACE_EXISTING);
        }
        fetch();
        Ran ran = run(60, "node", script.toString(), asked.toString(), answers.toString());
        if (ran.code() != 0) {
            throw new AssertionError("node agree.mjs failed:\n" + ran.printed());
        }
    }

    private static void fetch() throws IOException, InterruptedException {
        Path done = FOLDER.resolve("fetched");
        if (Files.exists(done) && Files.readString(done).equals(PACKAGES.toString())) {
            return;
        }
        Files.writeString(
                FOLDER.resolve("package.json"), "{\"private\": true, \"type\": \"module\"}");
        List<String> words =
                new java.util.ArrayList<>(
                        List.of(
                                "npm",
                                "install",
                                "--ignore-scripts",
                                "--omit=optional",
                                "--no-audit",
                                "--no-fund"));
        words.addAll(PACKAGES);
        Ran ran = run(90, words.toArray(String[]::new));
        assumeTrue(
                ran.code() == 0,
                () ->
                        "SKIPPED: npm cannot fetch node-llama-cpp and @huggingface/tokenizers, so llama.cpp's word is missing: "
                                + ran.printed());
        Files.writeString(done, PACKAGES.toString());
    }

    private record Ran(int code, String printed) {}

    private static Ran run(int seconds, String... words) throws IOException, InterruptedException {
        Path printed = FOLDER.resolve(words[0] + ".log");
        Process process;
        try {
            process =
                    new ProcessBuilder(words)
                            .directory(FOLDER.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(printed.toFile())
                            .start();
        } catch (IOException e) {
            return abort(
                    "SKIPPED: install Node.js 20 or newer with npm: llama.cpp's word on the GGUF file needs it ("
                            + e.getMessage()
                            + ")");
        }
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
            return new Ran(124, "no end after " + seconds + " s");
        }
        return new Ran(process.exitValue(), Files.readString(printed));
    }
}
