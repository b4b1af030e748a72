package dev.tapestry.node.evaluation;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.evaluation.ChoiceSheet.Question;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.StrictYaml;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/**
 * A task file of lm-evaluation-harness (docs/task_guide.md) with {@code output_type:
 * multiple_choice} and data of its own: {@code dataset_path: json} and {@code data_files} in {@code
 * dataset_kwargs}. What a file asks for beyond that, such as functions of Python or examples in the
 * prompt, is refused by its name.
 */
final class HarnessFile {

    private static final Set<String> READ =
            Set.of(
                    "dataset_path",
                    "dataset_kwargs",
                    "output_type",
                    "test_split",
                    "validation_split",
                    "doc_to_text",
                    "doc_to_target",
                    "doc_to_choice",
                    "target_delimiter",
                    "description",
                    "num_fewshot",
                    "metric_list");

    /** What changes nothing of the questions where there are no examples in the prompt. */
    private static final Set<String> PASSED_OVER =
            Set.of(
                    "task",
                    "task_alias",
                    "tag",
                    "group",
                    "dataset_name",
                    "training_split",
                    "fewshot_split",
                    "fewshot_delimiter",
                    "fewshot_config",
                    "should_decontaminate",
                    "doc_to_decontamination_query",
                    "repeats",
                    "metadata",
                    "version");

    private static final Set<String> METRICS = Set.of("acc", "acc_norm");

    private final SuiteFiles files;
    private final ObjectNode task;

    private HarnessFile(SuiteFiles files, ObjectNode task) {
        this.files = files;
        this.task = task;
    }

    /** The questions that a task file asks. */
    static List<Question> read(String name, SuiteFiles files) {
        String text = files.text(name);
        for (String tag : List.of("!function", "!!")) {
            if (text.contains(tag)) {
                throw SuiteFiles.invalid(
                        files.path(name),
                        "'%s' asks for code; write what it makes into the data".formatted(tag));
            }
        }
        try {
            if (StrictYaml.tree(files.path(name), files.bytes(name)) instanceof ObjectNode task) {
                return new HarnessFile(files, task).questions();
            }
            throw SuiteFiles.invalid(files.path(name), "it is no task file: no 'key: value' lines");
        } catch (TrustException e) {
            throw new NodeException(Code.CONFIG_INVALID, String.valueOf(e.getMessage()), e);
        } catch (IllegalArgumentException e) {
            throw SuiteFiles.invalid(files.path(name), String.valueOf(e.getMessage()), e);
        }
    }

    private List<Question> questions() {
        requireUnderstood();
        List<ObjectNode> items = data().stream().flatMap(f -> files.objects(f).stream()).toList();
        Set<String> fields = new TreeSet<>();
        items.forEach(item -> fields.addAll(item.propertyNames()));
        JsonNode prompt = required("doc_to_text");
        JsonNode target = required("doc_to_target");
        JsonNode choices = required("doc_to_choice");
        List<Question> questions = new ArrayList<>();
        for (ObjectNode item : items) {
            try {
                List<String> answers = choices(value(choices, item, fields));
                questions.add(
                        new Question(
                                description(item) + context(value(prompt, item, fields)),
                                text("target_delimiter", " "),
                                answers,
                                right(value(target, item, fields), answers)));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "item %d: %s".formatted(questions.size() + 1, e.getMessage()), e);
            }
        }
        return questions;
    }

    private void requireUnderstood() {
        for (String key : task.propertyNames()) {
            if (!READ.contains(key) && !PASSED_OVER.contains(key)) {
                throw new IllegalArgumentException(
                        "the key '%s' is not supported; supported are %s"
                                .formatted(key, new TreeSet<>(READ)));
            }
        }
        requireValue("output_type", "multiple_choice");
        requireValue("dataset_path", "json");
        if (task.path("num_fewshot").asInt(0) != 0) {
            throw new IllegalArgumentException(
                    "num_fewshot is %s; only 0 is supported: write the examples into doc_to_text"
                            .formatted(task.get("num_fewshot")));
        }
        for (JsonNode metric : task.path("metric_list")) {
            String wanted = metric.path("metric").asString("");
            if (!METRICS.contains(wanted)) {
                throw new IllegalArgumentException(
                        "the metric '%s' is not supported; supported are %s"
                                .formatted(wanted, new TreeSet<>(METRICS)));
            }
        }
    }

    private void requireValue(String key, String value) {
        String found = text(key, "");
        if (!found.equals(value)) {
            throw new IllegalArgumentException(
                    "%s is '%s'; only '%s' is supported".formatted(key, found, value));
        }
    }

    private JsonNode required(String key) {
        JsonNode value = task.path(key);
        if (value.isMissingNode() || value.isNull()) {
            throw new IllegalArgumentException("the key '%s' is missing".formatted(key));
        }
        return value;
    }

    private String text(String key, String otherwise) {
        JsonNode value = task.path(key);
        return value.isMissingNode() || value.isNull() ? otherwise : value.asString();
    }

    /** The files of the split that is asked: of a file without a split, {@code train}. */
    private List<String> data() {
        String split = text("test_split", text("validation_split", ""));
        if (split.isEmpty()) {
            throw new IllegalArgumentException("neither test_split nor validation_split is there");
        }
        JsonNode data = task.path("dataset_kwargs").path("data_files");
        @Nullable JsonNode of = data instanceof ObjectNode splits ? splits.get(split) : null;
        if (of == null && split.equals("train") && !(data instanceof ObjectNode)) {
            of = data;
        }
        if (of == null || of.isMissingNode()) {
            throw new IllegalArgumentException(
                    "dataset_kwargs.data_files names no file of the split '%s'".formatted(split));
        }
        return strings(of instanceof ArrayNode ? of : task.arrayNode().add(of));
    }

    /** A key's value for an item: of a field, of a template, or as it stands. */
    private static JsonNode value(JsonNode key, ObjectNode item, Set<String> fields) {
        if (!key.isString()) {
            return key;
        }
        return fields.contains(key.asString())
                ? new Expression.Field(key.asString()).value(item)
                : Template.parse(key.asString()).value(item);
    }

    private String description(ObjectNode item) {
        return Template.parse(text("description", "")).text(item);
    }

    private static String context(JsonNode value) {
        String text = value.isString() ? value.asString() : "";
        if (!value.isString() || text.matches("[0-9]+")) {
            throw new IllegalArgumentException(
                    "doc_to_text is %s; a number there means several prompts, which is not supported"
                            .formatted(value));
        }
        return text;
    }

    private static List<String> choices(JsonNode value) {
        if (value instanceof ObjectNode named) {
            return strings(named.arrayNode().addAll(List.copyOf(named.values())));
        }
        if (value instanceof ArrayNode) {
            return strings(value);
        }
        throw new IllegalArgumentException(
                "doc_to_choice is %s; write a list, a field with one, or {{[a, b]}}"
                        .formatted(value));
    }

    private static List<String> strings(JsonNode array) {
        List<String> texts = new ArrayList<>();
        for (JsonNode element : array) {
            if (!(element instanceof StringNode text)) {
                throw new IllegalArgumentException(element + " is no text");
            }
            texts.add(text.asString());
        }
        return texts;
    }

    /** Indices; a text that is a number is one, any other is one of the choices. */
    private static List<Integer> right(JsonNode value, List<String> choices) {
        List<Integer> right = new ArrayList<>();
        for (JsonNode one : value instanceof ArrayNode list ? list : List.of(value)) {
            String text = one.asString("");
            if (one.isInt()) {
                right.add(one.asInt());
            } else if (text.matches("[0-9]{1,9}")) {
                right.add(Integer.parseInt(text));
            } else if (choices.contains(text)) {
                right.add(choices.indexOf(text));
            } else {
                throw new IllegalArgumentException(
                        "doc_to_target is %s, which is none of the choices %s"
                                .formatted(value, choices));
            }
        }
        return right;
    }
}
