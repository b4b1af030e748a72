package dev.tapestry.node.evaluation;

import dev.tapestry.corpus.chat.ChatTokens;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import tools.jackson.databind.node.ObjectNode;

/**
 * Questions with choices. A model's answer is the choice c with the greatest
 *
 * <pre>
 * acc        log P(c | prompt)
 * acc_norm   log P(c | prompt) / characters of c
 * acc_bytes  log P(c | prompt) / bytes of c in UTF-8
 * </pre>
 *
 * <p>of equal ones the first. The first two are lm-evaluation-harness'; for scripts whose letters
 * take more than a byte the third differs.
 */
record ChoiceSheet(String name, String kind, List<Question> questions) implements OpenTask {

    private static final String PROMPT = "Question: {{question}}\nAnswer:";

    /**
     * A question.
     *
     * @param context that comes before the choice
     * @param delimiter between the two
     * @param choices at least two, none empty
     * @param right which are right, at least one
     */
    record Question(String context, String delimiter, List<String> choices, List<Integer> right) {
        Question {
            choices = List.copyOf(choices);
            right = List.copyOf(right);
            if (choices.size() < 2 || choices.stream().anyMatch(String::isEmpty)) {
                throw new IllegalArgumentException(
                        "a question has at least two choices, none empty, not " + choices);
            }
            int count = choices.size();
            if (right.isEmpty() || right.stream().anyMatch(i -> i < 0 || i >= count)) {
                throw new IllegalArgumentException(
                        "the right answer is one of the choices 0 to %d, not %s"
                                .formatted(count - 1, right));
            }
        }
    }

    ChoiceSheet {
        questions = List.copyOf(questions);
    }

    /** A line of the items' file. */
    private record Item(String question, List<String> choices, int answer) {}

    static ChoiceSheet read(Task.MultipleChoice task, SuiteFiles files) {
        Template prompt = Template.parse(task.prompt().orElse(PROMPT));
        List<Question> questions = new ArrayList<>();
        List<Item> items = files.records(task.items(), Item.class);
        List<ObjectNode> objects = files.objects(task.items());
        for (int i = 0; i < items.size(); i++) {
            Item item = items.get(i);
            try {
                questions.add(
                        new Question(
                                prompt.text(objects.get(i)),
                                task.delimiter().orElse(" "),
                                item.choices(),
                                List.of(item.answer())));
            } catch (IllegalArgumentException e) {
                throw SuiteFiles.invalid(
                        files.path(task.items()),
                        "item %d: %s".formatted(i + 1, e.getMessage()),
                        e);
            }
        }
        return new ChoiceSheet(task.name(), "multiple-choice", questions);
    }

    @Override
    public TaskResult ask(Subject subject) {
        List<ChatTokens> asked = new ArrayList<>();
        for (Question question : questions) {
            for (String choice : question.choices()) {
                asked.add(subject.continuation(question.context(), question.delimiter() + choice));
            }
        }
        List<Double> likelihoods = subject.logLikelihoods(asked);
        return TaskResult.of(
                name,
                kind,
                List.of(
                        accuracy("acc", likelihoods, _ -> 1),
                        accuracy("acc_norm", likelihoods, c -> c.codePointCount(0, c.length())),
                        accuracy(
                                "acc_bytes",
                                likelihoods,
                                c -> c.getBytes(StandardCharsets.UTF_8).length)));
    }

    private Metric accuracy(
            String metric, List<Double> likelihoods, ToDoubleFunction<String> length) {
        List<Boolean> right = new ArrayList<>();
        int at = 0;
        for (Question question : questions) {
            int best = 0;
            double most = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < question.choices().size(); i++) {
                double score =
                        likelihoods.get(at++) / length.applyAsDouble(question.choices().get(i));
                if (score > most) {
                    best = i;
                    most = score;
                }
            }
            right.add(question.right().contains(best));
        }
        return Metric.share(metric, right, Metric.Better.HIGHER);
    }
}
