package dev.tapestry.node.evaluation;

import dev.tapestry.consortium.Digest;
import java.util.List;
import java.util.Optional;

/**
 * What a suite came to.
 *
 * @param suite its name
 * @param digest of its files
 * @param licence of its files
 * @param tasks in its order
 */
public record SuiteResult(String suite, Digest digest, String licence, List<TaskResult> tasks) {

    public SuiteResult {
        tasks = List.copyOf(tasks);
    }

    /** One of its tasks. */
    public Optional<TaskResult> task(String name) {
        return tasks.stream().filter(task -> task.task().equals(name)).findFirst();
    }
}
