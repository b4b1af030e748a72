package dev.tapestry.app.study;

import dev.tapestry.trust.json.StrictYaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What a study of many trainings is told. */
public final class StudyOptions {

    @Parameters(paramLabel = "PLAN", description = "The study's plan.")
    private Path plan = Path.of("");

    @Option(names = "--report", description = "Run nothing; write what is known.")
    private boolean reportOnly;

    @Option(
            names = "--work",
            defaultValue = "/dev/shm/tapestry-study",
            description =
                    "Where corpora are kept and models come and go; a memory file system is"
                            + " faster (default: ${DEFAULT-VALUE}).")
    private Path work = Path.of("");

    /** The plan. */
    public <T extends Record> T plan(Class<T> type) {
        return StrictYaml.read(plan, type);
    }

    /** Where the study's files lie. */
    public StudyFiles files() {
        return StudyFiles.beside(plan);
    }

    /** Whether nothing is to be run. */
    public boolean reportOnly() {
        return reportOnly;
    }

    /** The folder to work in, which exists. */
    public Path work() throws IOException {
        return Files.createDirectories(work);
    }
}
