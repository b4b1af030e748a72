package dev.tapestry.node.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Prompts with checks. An answer is checked as it is (strict), and once more with what models often
 * put around an answer taken away (loose): its first line, its last line, the stars of its markup,
 * in all combinations, after IFEval (Zhou et al., arXiv:2311.07911).
 */
record InstructionSheet(String name, int tokens, List<Item> items) implements OpenTask {

    private static final int TOKENS = 200;

    /**
     * A prompt.
     *
     * @param checks all of which its answer should pass
     */
    record Item(String prompt, List<Check> checks) {
        Item {
            checks = List.copyOf(checks);
            if (prompt.isBlank() || checks.isEmpty()) {
                throw new IllegalArgumentException("a prompt is not empty, and has checks");
            }
        }
    }

    static InstructionSheet read(Task.Instructions task, SuiteFiles files) {
        return new InstructionSheet(
                task.name(), task.tokens().orElse(TOKENS), files.records(task.items(), Item.class));
    }

    @Override
    public TaskResult ask(Subject subject) {
        List<Boolean> prompts = new ArrayList<>();
        List<Boolean> promptsLoosely = new ArrayList<>();
        List<Boolean> checks = new ArrayList<>();
        List<Boolean> checksLoosely = new ArrayList<>();
        for (Item item : items) {
            String answer = subject.reply(item.prompt(), tokens);
            List<Boolean> strict =
                    item.checks().stream().map(check -> holds(check, answer)).toList();
            List<Boolean> loose =
                    item.checks().stream()
                            .map(check -> variants(answer).anyMatch(text -> holds(check, text)))
                            .toList();
            prompts.add(!strict.contains(false));
            promptsLoosely.add(!loose.contains(false));
            checks.addAll(strict);
            checksLoosely.addAll(loose);
            subject.told(prompts.size());
        }
        return TaskResult.of(
                name,
                "instructions",
                List.of(
                        Metric.share("prompt_strict", prompts, Metric.Better.HIGHER),
                        Metric.share("prompt_loose", promptsLoosely, Metric.Better.HIGHER),
                        Metric.share("check_strict", checks, Metric.Better.HIGHER),
                        Metric.share("check_loose", checksLoosely, Metric.Better.HIGHER)));
    }

    /** Who says nothing follows nothing. */
    private static boolean holds(Check check, String answer) {
        return !answer.isBlank() && check.holds(answer);
    }

    static Stream<String> variants(String answer) {
        List<String> lines = answer.strip().lines().toList();
        int last = lines.size();
        return Stream.of(
                        answer,
                        part(lines, 1, last),
                        part(lines, 0, last - 1),
                        part(lines, 1, last - 1))
                .flatMap(text -> Stream.of(text, text.replace("*", "")));
    }

    private static String part(List<String> lines, int from, int to) {
        return from < to ? String.join("\n", lines.subList(from, to)).strip() : "";
    }
}
