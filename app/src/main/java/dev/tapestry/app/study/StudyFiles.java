package dev.tapestry.app.study;

import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Where a study's files lie: all beside its plan, named after it.
 *
 * @param plan the YAML file, absolute
 */
public record StudyFiles(Path plan) {

    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .build();

    /** The files of the study whose plan is {@code plan}. */
    public static StudyFiles beside(Path plan) {
        return new StudyFiles(plan.toAbsolutePath());
    }

    /** The folder of its cells. */
    public Path cells() {
        return plan.resolveSibling(name());
    }

    /** The file with this ending, such as {@code .json}. */
    public Path with(String ending) {
        return plan.resolveSibling(name() + ending);
    }

    private String name() {
        return plan.getFileName().toString().replaceFirst("\\.ya?ml$", "");
    }

    /** Figures as JSON, with {@code snake_case} names. */
    public static String json(Object figures) {
        return JSON.writeValueAsString(figures) + "\n";
    }

    /** A document as canonical JSON has it, to be part of figures: its kinds keep their names. */
    public static JsonNode tree(Object document) {
        return JSON.readTree(CanonicalJson.write(document));
    }

    /** Where this program lies. */
    public static Path home() {
        return Path.of(System.getProperty("tapestry.home", "."));
    }

    /** The commit of this program's checkout, or {@code unknown}. */
    public static String commit() throws IOException {
        Process git =
                new ProcessBuilder("git", "-C", home().toString(), "rev-parse", "--short", "HEAD")
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        String line = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return line.isBlank() ? "unknown" : line.strip();
    }
}
