package dev.tapestry.node.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.training.Generation;
import dev.tapestry.training.Llama;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Multiple choice beside a calculation that shares nothing with it but the model. */
class ChoiceSheetTest {

    private static final List<List<String>> CHOICES =
            List.of(
                    List.of("yes", "never and often", "no"),
                    List.of("водa", "water", "w"),
                    List.of("the council votes", "no"),
                    List.of("often", "нет", "never"),
                    List.of("a", "Which answer is right"));
    private static final List<Integer> RIGHT = List.of(0, 1, 0, 2, 1);

    @TempDir Path directory;

    @Test
    void accuracies_and_errors_are_those_of_a_slow_calculation_by_hand() throws IOException {
        Lab lab = new Lab(directory);
        StringBuilder items = new StringBuilder();
        for (int i = 0; i < CHOICES.size(); i++) {
            items.append(
                    "{\"question\":\"Which is %d? \",\"choices\":[%s],\"answer\":%d}\n"
                            .formatted(
                                    i,
                                    String.join(
                                            ",",
                                            CHOICES.get(i).stream()
                                                    .map(c -> '"' + c + '"')
                                                    .toList()),
                                    RIGHT.get(i)));
        }
        lab.file("suite/items.jsonl", items.toString());
        Path suite = lab.suite("- {type: multiple-choice, name: terms, items: items.jsonl}");
        Path model = lab.model(3);
        EvaluationResult result = lab.measured(model, suite);

        List<List<Double>> likelihoods = slowly(model);
        same(result, "acc", likelihoods, _ -> 1);
        same(result, "acc_norm", likelihoods, c -> c.codePointCount(0, c.length()));
        same(result, "acc_bytes", likelihoods, c -> c.getBytes(StandardCharsets.UTF_8).length);
        assertThat(lab.measured(model, suite)).as("again").isEqualTo(result);
    }

    private interface Length {
        double of(String choice);
    }

    private static void same(
            EvaluationResult result, String name, List<List<Double>> likelihoods, Length length) {
        double right = 0;
        for (int i = 0; i < CHOICES.size(); i++) {
            int question = i;
            List<Double> scores =
                    IntStream.range(0, CHOICES.get(i).size())
                            .mapToObj(c ->
                                    likelihoods.get(question).get(c)
                                            / length.of(CHOICES.get(question).get(c)))
                            .toList();
            double most = scores.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
            right += scores.indexOf(most) == RIGHT.get(i) ? 1 : 0;
        }
        int n = CHOICES.size();
        double p = right / n;
        Metric metric = result.metric("exam/terms", name).orElseThrow();
        assertThat(metric.value()).as(name).isEqualTo(p, within(1e-12));
        assertThat(metric.count()).isEqualTo(n);
        assertThat(metric.standardError().orElseThrow())
                .isEqualTo(Math.sqrt(p * (1 - p) / (n - 1)), within(1e-12));
    }

    /** One id after the other, by the cache that generation uses. */
    private static List<List<Double>> slowly(Path path) {
        ByteLevelTokenizer tokenizer = ByteLevelTokenizer.open(path);
        try (ModelDirectory files = ModelDirectory.open(path);
                Llama llama = Llama.load(files)) {
            List<List<Double>> all = new ArrayList<>();
            for (int i = 0; i < CHOICES.size(); i++) {
                String context = "Question: Which is %d? \nAnswer:".formatted(i);
                all.add(
                        CHOICES.get(i).stream()
                                .map(choice -> slowly(llama, tokenizer, context, " " + choice))
                                .toList());
            }
            return all;
        }
    }

    private static double slowly(
            Llama llama, ByteLevelTokenizer tokenizer, String context, String continuation) {
        int[] whole = tokenizer.encode(context + continuation);
        double nats = 0;
        for (int at = tokenizer.encode(context).length; at < whole.length; at++) {
            float[] logits =
                    new Generation(llama).logitsAfter(Arrays.stream(whole, 0, at).boxed().toList());
            double sum = 0;
            for (float logit : logits) {
                sum += Math.exp(logit);
            }
            nats += logits[whole[at]] - Math.log(sum);
        }
        return nats;
    }
}
