package dev.tapestry.node.evaluation;

import dev.tapestry.corpus.chat.ChatTokens;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * Questions of value in several languages and wordings. With p the model's probabilities of the
 * options' letters, normalised over the options, and s their scores:
 *
 * <pre>
 * score of a wording  = mean over orders of Σ p·s      each option stands in each place once
 * score of an item    = mean over its wordings and languages
 * place on an axis    = Σ weight · score / Σ |weight|
 * </pre>
 *
 * <p>The error of a place is the deviation of the places that come of wordings drawn anew, with
 * replacement, for each item and language (Efron's bootstrap).
 */
record CulturalSheet(
        Task.CulturalMap task, List<CulturalItem> items, Map<String, Task.Weights> weights)
        implements OpenTask {

    private static final int BOOTSTRAPS = 200;

    static CulturalSheet read(Task.CulturalMap task, SuiteFiles files) {
        if (task.items().isEmpty()) {
            CulturalSheet own = Suite.culturalMap();
            return new CulturalSheet(task, own.items(), own.weights());
        }
        String name = task.items().orElseThrow();
        Map<String, Task.Weights> weights = task.weights().orElseThrow();
        List<CulturalItem> items = files.records(name, CulturalItem.class);
        for (CulturalItem item : items) {
            if (!weights.containsKey(item.item())) {
                throw SuiteFiles.invalid(
                        files.path(name),
                        "'%s' has no weights; those with weights are %s"
                                .formatted(item.item(), weights.keySet()));
            }
        }
        for (String item : weights.keySet()) {
            if (items.stream().noneMatch(one -> one.item().equals(item))) {
                throw SuiteFiles.invalid(files.path(name), "there is no item '%s'".formatted(item));
            }
        }
        return new CulturalSheet(task, items, weights);
    }

    @Override
    public String name() {
        return task.name();
    }

    /** What an item's wordings came to, in their order. */
    private record Answered(CulturalItem item, List<Double> scores) {}

    /** Where a model is. */
    private record Place(double secular, double expression) {
        double distance(Task.Target target) {
            return Math.hypot(secular - target.secular(), expression - target.expression());
        }
    }

    @Override
    public TaskResult ask(Subject subject) {
        List<Answered> answered = answered(subject);
        List<Metric> metrics = new ArrayList<>(metrics("", answered, subject.seed()));
        answered.stream()
                .map(one -> one.item().language())
                .distinct()
                .sorted()
                .forEach(language ->
                        metrics.addAll(
                                metrics(
                                        "." + language,
                                        answered.stream()
                                                .filter(one ->
                                                        one.item().language().equals(language))
                                                .toList(),
                                        subject.seed())));
        scores(answered)
                .forEach((item, score) ->
                        metrics.add(
                                Metric.plain(
                                        "item." + item,
                                        score,
                                        wordings(answered, item),
                                        Metric.Better.NEITHER)));
        return TaskResult.of(name(), "cultural-map", metrics);
    }

    private static long wordings(List<Answered> answered, String item) {
        return answered.stream()
                .filter(one -> one.item().item().equals(item))
                .mapToLong(one -> one.scores().size())
                .sum();
    }

    private List<Answered> answered(Subject subject) {
        List<ChatTokens> asked = new ArrayList<>();
        for (CulturalItem item : items) {
            for (String wording : item.wordings()) {
                for (int order = 0; order < item.orders(); order++) {
                    String prompt = item.prompt(wording, order);
                    for (int place = 0; place < item.orders(); place++) {
                        asked.add(subject.answer(prompt, CulturalItem.letter(place)));
                    }
                }
            }
        }
        List<Double> likelihoods = subject.logLikelihoods(asked);
        List<Answered> answered = new ArrayList<>();
        int at = 0;
        for (CulturalItem item : items) {
            int options = item.orders();
            List<Double> scores = new ArrayList<>();
            for (int wording = 0; wording < item.wordings().size(); wording++) {
                double sum = 0;
                for (int order = 0; order < options; order++) {
                    sum += expected(item, order, likelihoods.subList(at, at + options));
                    at += options;
                }
                scores.add(sum / options);
            }
            answered.add(new Answered(item, scores));
        }
        return answered;
    }

    /** Σ p·s with p = softmax of the letters' log-probabilities. */
    private static double expected(CulturalItem item, int order, List<Double> likelihoods) {
        double most = likelihoods.stream().mapToDouble(Double::doubleValue).max().orElse(0);
        double sum = 0;
        double weighted = 0;
        for (int place = 0; place < likelihoods.size(); place++) {
            double p = Math.exp(likelihoods.get(place) - most);
            sum += p;
            weighted += p * item.at(order, place).score();
        }
        return weighted / sum;
    }

    private List<Metric> metrics(String suffix, List<Answered> answered, long seed) {
        Place place = place(answered);
        List<Place> drawn = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < task.bootstraps().orElse(BOOTSTRAPS); i++) {
            drawn.add(place(answered.stream().map(one -> redrawn(one, random)).toList()));
        }
        List<Metric> metrics = new ArrayList<>();
        metrics.add(
                metric("secular" + suffix, place, drawn, Place::secular, Metric.Better.NEITHER));
        metrics.add(
                metric(
                        "self_expression" + suffix,
                        place,
                        drawn,
                        Place::expression,
                        Metric.Better.NEITHER));
        task.target()
                .ifPresent(target ->
                        metrics.add(
                                metric(
                                        "distance" + suffix,
                                        place,
                                        drawn,
                                        at -> at.distance(target),
                                        Metric.Better.LOWER)));
        return metrics;
    }

    private static Metric metric(
            String name,
            Place place,
            List<Place> drawn,
            ToDoubleFunction<Place> of,
            Metric.Better better) {
        double mean = drawn.stream().mapToDouble(of).average().orElse(0);
        double squares = drawn.stream().mapToDouble(of).map(v -> (v - mean) * (v - mean)).sum();
        return new Metric(
                name,
                of.applyAsDouble(place),
                Optional.of(Math.sqrt(squares / (drawn.size() - 1))),
                drawn.size(),
                better);
    }

    private static Answered redrawn(Answered one, SplittableRandom random) {
        List<Double> scores = new ArrayList<>();
        for (int i = 0; i < one.scores().size(); i++) {
            scores.add(one.scores().get(random.nextInt(one.scores().size())));
        }
        return new Answered(one.item(), scores);
    }

    /** The mean of each item, over wordings and languages. */
    private static SortedMap<String, Double> scores(List<Answered> answered) {
        SortedMap<String, List<Double>> byItem = new TreeMap<>();
        for (Answered one : answered) {
            double mean =
                    one.scores().stream().mapToDouble(Double::doubleValue).average().orElse(0);
            byItem.computeIfAbsent(one.item().item(), _ -> new ArrayList<>()).add(mean);
        }
        SortedMap<String, Double> scores = new TreeMap<>();
        byItem.forEach((item, means) ->
                scores.put(
                        item, means.stream().mapToDouble(Double::doubleValue).average().orElse(0)));
        return scores;
    }

    private Place place(List<Answered> answered) {
        SortedMap<String, Double> scores = scores(answered);
        return new Place(
                projected(scores, Task.Weights::secular),
                projected(scores, Task.Weights::expression));
    }

    private double projected(
            SortedMap<String, Double> scores, ToDoubleFunction<Task.Weights> weight) {
        double sum = 0;
        double total = 0;
        for (Map.Entry<String, Double> score : scores.entrySet()) {
            double one =
                    weight.applyAsDouble(
                            Optional.ofNullable(weights.get(score.getKey())).orElseThrow());
            sum += one * score.getValue();
            total += Math.abs(one);
        }
        return total == 0 ? 0 : sum / total;
    }
}
