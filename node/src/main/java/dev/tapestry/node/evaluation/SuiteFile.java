package dev.tapestry.node.evaluation;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * {@code suite.yaml}.
 *
 * <pre>
 * name: council
 * licence: CC0-1.0
 * about: What a clerk of the council would ask.
 * tasks:
 *   - {type: multiple-choice, name: terms, items: terms.jsonl}
 *   - {type: safety, name: refusals, items: safety.jsonl, phrases: {en: ["I cannot"]}}
 * </pre>
 *
 * @param name of the suite
 * @param licence of its files
 * @param about for people
 * @param tasks at least one, each with a name of its own
 */
record SuiteFile(String name, String licence, Optional<String> about, List<Task> tasks) {

    SuiteFile {
        tasks = List.copyOf(tasks);
        Task.requireName(name);
        if (licence.isBlank()) {
            throw new IllegalArgumentException(
                    "licence: say under which licence the suite's files are");
        }
        if (tasks.isEmpty()) {
            throw new IllegalArgumentException("tasks: a suite has at least one task");
        }
        Set<String> names = new HashSet<>();
        for (Task task : tasks) {
            if (!names.add(task.name())) {
                throw new IllegalArgumentException(
                        "tasks: two tasks have the name '%s'".formatted(task.name()));
            }
        }
    }
}
