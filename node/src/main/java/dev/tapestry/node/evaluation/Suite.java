package dev.tapestry.node.evaluation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.StrictYaml;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Tasks that a model is given, with everything that they read. Immutable. */
public final class Suite {

    private static final String FILE = "suite.yaml";

    private final SuiteFile file;
    private final SuiteFiles files;
    private final Digest digest;
    private final List<OpenTask> tasks;

    private Suite(SuiteFile file, SuiteFiles files, List<OpenTask> tasks) {
        this.file = file;
        this.files = files;
        this.digest = files.digest();
        this.tasks = List.copyOf(tasks);
    }

    /**
     * Opens a suite, and reads and checks all of it.
     *
     * @param place a directory, or the name of a suite that comes with the program
     * @throws NodeException {@code CONFIG_INVALID}, with the file, the line and what to change;
     *     {@code STORAGE}
     */
    public static Suite open(String place) {
        if (!Files.exists(Path.of(place)) && comesAlong(place)) {
            return bundled(place);
        }
        return open(Path.of(place));
    }

    /** Whether the program comes with a suite of this name. */
    public static boolean comesAlong(String name) {
        return BuiltInSuites.NAMES.contains(name);
    }

    /** One that comes with the program, whatever lies in a directory of its name. */
    public static Suite bundled(String name) {
        return of(BuiltInSuites.open(name));
    }

    /** One in a directory. */
    public static Suite open(Path directory) {
        return of(SuiteFiles.of(directory));
    }

    private static Suite of(SuiteFiles files) {
        SuiteFile file;
        try {
            file =
                    StrictYaml.parse(
                            files.path(FILE),
                            files.bytes(FILE),
                            SuiteFile.class,
                            StrictYaml.Spelling.HYPHENATED);
        } catch (TrustException e) {
            throw new NodeException(Code.CONFIG_INVALID, String.valueOf(e.getMessage()), e);
        }
        return new Suite(
                file, files, file.tasks().stream().map(task -> OpenTask.of(task, files)).toList());
    }

    /** The items that come with the program. */
    static CulturalSheet culturalMap() {
        return bundled("cultural-map").tasks().stream()
                .map(task -> (CulturalSheet) task)
                .findFirst()
                .orElseThrow();
    }

    /** How it is called. */
    public String name() {
        return file.name();
    }

    /** Of its files. */
    public String licence() {
        return file.licence();
    }

    /** What it is, for people. */
    public Optional<String> about() {
        return file.about();
    }

    /** Of all its files. */
    public Digest digest() {
        return digest;
    }

    /** The tasks, read. */
    List<OpenTask> tasks() {
        return tasks;
    }

    /** Whether a task asks about the text that a model was trained on. */
    public boolean asksAboutTraining() {
        return file.tasks().stream().anyMatch(Task::asksAboutTraining);
    }

    @Override
    public String toString() {
        return "%s (%s)".formatted(name(), files.path(""));
    }
}
