package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Finding;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * {@code docs/openapi.yaml}: every answer that any test receives is held against it, and every
 * request that succeeds.
 */
final class Contract {

    private static final Contract PUBLISHED = new Contract(Path.of("..", "docs", "openapi.yaml"));
    private static final JsonMapper JSON = new JsonMapper();

    private final JsonNode document;
    private final Schemas schemas;
    private final Set<String> succeeded = new ConcurrentSkipListSet<>();

    private Contract(Path file) {
        document = new YAMLMapper().readTree(file.toFile());
        schemas = new Schemas(document);
    }

    static Contract published() {
        return PUBLISHED;
    }

    /** {@code METHOD /path} of every operation, with who may use it. */
    Set<String> operations() {
        Set<String> operations = new TreeSet<>();
        document.path("paths")
                .properties()
                .forEach(path ->
                        path.getValue()
                                .properties()
                                .forEach(operation ->
                                        operations.add(
                                                line(
                                                        operation.getKey(),
                                                        path.getKey(),
                                                        operation
                                                                .getValue()
                                                                .path("x-access")
                                                                .asString()))));
        return operations;
    }

    static String line(String method, String path, String access) {
        return "%s %s %s"
                .formatted(method.toUpperCase(Locale.ROOT), path, access.toUpperCase(Locale.ROOT));
    }

    /** All codes that any operation documents. */
    Set<String> codes() {
        Set<String> codes = new TreeSet<>();
        document.findValues("x-codes").forEach(byStatus -> addAll(codes, byStatus));
        document.path("x-common-codes").forEach(byStatus -> addAll(codes, byStatus));
        codes.remove("FINDING");
        return codes;
    }

    private static void addAll(Set<String> codes, JsonNode byStatus) {
        byStatus.forEach(list -> list.forEach(code -> codes.add(code.asString())));
    }

    /** The names of the schemas of all events. */
    Set<String> events() {
        Set<String> events = new TreeSet<>();
        schema("ConsortiumEvent")
                .path("oneOf")
                .forEach(choice ->
                        events.add(choice.path("$ref").asString().replaceFirst("^.*/", "")));
        return events;
    }

    /** What does not fit the schema of this name; nothing if all does. */
    List<String> problems(String schema, byte[] json) {
        return schemas.problems(schema(schema), JSON.readTree(json), schema);
    }

    private JsonNode schema(String name) {
        return document.path("components").path("schemas").path(name);
    }

    /** Operations that succeeded so far. */
    Set<String> succeeded() {
        return succeeded;
    }

    void check(String method, String uri, byte[] body, Answer answer) {
        String path = URI.create(uri).getPath();
        String template = template(path);
        assertThat(answer.headers().firstValue("Tapestry-Protocol")).contains("1");
        if (template.isEmpty()) {
            assertThat(answer.code()).isEqualTo("UNKNOWN_ROUTE");
            return;
        }
        JsonNode operation =
                document.path("paths").path(template).path(method.toLowerCase(Locale.ROOT));
        String what = method + " " + template + " " + answer.status() + " " + answer.text();
        if (answer.status() >= 400) {
            if (!method.equals("HEAD")) {
                fits(response(operation, "default"), answer, what);
                assertThat(allowed(operation, answer.status())).as(what).contains(answer.code());
            }
            return;
        }
        succeeded.add(line(method, template, operation.path("x-access").asString()));
        JsonNode response = response(operation, Integer.toString(answer.status()));
        assertThat(response.isMissingNode()).as("undocumented: " + what).isFalse();
        fits(response, answer, what);
        JsonNode request =
                schemas.resolve(operation.path("requestBody"))
                        .path("content")
                        .path("application/json")
                        .path("schema");
        if (!request.isMissingNode()) {
            assertThat(schemas.problems(request, JSON.readTree(body), "request")).isEmpty();
        }
    }

    private JsonNode response(JsonNode operation, String status) {
        return schemas.resolve(operation.path("responses").path(status));
    }

    private void fits(JsonNode response, Answer answer, String what) {
        JsonNode schema = response.path("content").path("application/json").path("schema");
        if (!schema.isMissingNode()) {
            assertThat(schemas.problems(schema, JSON.readTree(answer.body()), "answer"))
                    .as(what)
                    .isEmpty();
        }
    }

    private List<String> allowed(JsonNode operation, int status) {
        List<String> codes = new ArrayList<>();
        JsonNode common = document.path("x-common-codes");
        String key = Integer.toString(status);
        List.of(
                        operation.path("x-codes"),
                        common.path("anyone"),
                        common.path(operation.path("x-access").asString()))
                .forEach(
                        byStatus -> byStatus.path(key).forEach(code -> codes.add(code.asString())));
        if (codes.remove("FINDING")) {
            Arrays.stream(Finding.values()).map(Finding::name).forEach(codes::add);
        }
        return codes;
    }

    private String template(String path) {
        for (String template : document.path("paths").propertyNames()) {
            if (path.matches(template.replaceAll("\\{[a-z]+}", "[^/]+"))) {
                return template;
            }
        }
        return "";
    }
}
