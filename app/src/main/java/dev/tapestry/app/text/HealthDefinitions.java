package dev.tapestry.app.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.IntConsumer;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Definitions and comments from the FHIR R5 core specification (CC0-1.0): English prose about
 * health care, one document per resource, as it lies in {@code hapi-fhir-validation-resources-r5}.
 */
public final class HealthDefinitions {

    private static final String RESOURCE = "/org/hl7/fhir/r5/packages/hl7.fhir.r5.core-5.0.0.tgz";
    private static final Set<String> PROSE =
            Set.of("definition", "comment", "description", "requirements", "purpose", "usage");

    private HealthDefinitions() {}

    /** One document per resource, in the order of the archive; repeated paragraphs are left out. */
    public static List<GroupedText> read() {
        return read(_ -> {});
    }

    /**
     * The same.
     *
     * @param progress hears how many documents were read so far
     */
    public static List<GroupedText> read(IntConsumer progress) {
        List<GroupedText> documents = new ArrayList<>();
        Set<String> seen = new LinkedHashSet<>();
        forEach((name, resource) -> {
            StringBuilder text = new StringBuilder();
            collect(resource, seen, text);
            if (text.length() > 200) {
                documents.add(new GroupedText(name, text.toString()));
            }
            progress.accept(documents.size());
        });
        return documents;
    }

    /**
     * What the elements of resources mean, by resource; a meaning that is said before is left out.
     */
    public static List<QuestionAnswer> elements() {
        List<QuestionAnswer> found = new ArrayList<>();
        Set<String> seen = new LinkedHashSet<>();
        forEach((name, resource) -> {
            for (JsonNode element : resource.path("snapshot").path("element").values()) {
                String path = element.path("path").asString("");
                String definition = element.path("definition").asString("").strip();
                String[] parts = path.split("\\.", -1);
                if (parts.length == 2
                        && definition.length() > 20
                        && definition.length() < 300
                        && seen.add(definition)) {
                    found.add(
                            new QuestionAnswer(
                                    name,
                                    name,
                                    "What does %s mean for %s?".formatted(parts[1], parts[0]),
                                    definition));
                }
            }
        });
        return found;
    }

    private static void forEach(BiConsumer<String, JsonNode> resources) {
        JsonMapper json = JsonMapper.builder().build();
        try (var archive =
                new TarArchiveInputStream(new GZIPInputStream(ClassPathText.open(RESOURCE)))) {
            for (TarArchiveEntry entry = archive.getNextEntry();
                    entry != null;
                    entry = archive.getNextEntry()) {
                if (entry.getName().matches("package/StructureDefinition-.*\\.json")) {
                    resources.accept(entry.getName(), json.readTree(archive.readAllBytes()));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void collect(JsonNode node, Set<String> seen, StringBuilder text) {
        for (var field : node.properties()) {
            JsonNode value = field.getValue();
            if (value.isString() && PROSE.contains(field.getKey())) {
                String paragraph = value.asString().strip();
                if (paragraph.length() > 40
                        && !paragraph.startsWith("http")
                        && seen.add(paragraph)) {
                    text.append(paragraph).append('\n');
                }
            } else if (value.isContainer()) {
                collect(value, seen, text);
            }
        }
        if (node.isArray()) {
            for (JsonNode child : node) {
                collect(child, seen, text);
            }
        }
    }
}
