package dev.tapestry.node.evaluation;

import dev.tapestry.corpus.chat.ChatTokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.node.ObjectNode;

/**
 * Texts by domain; how well a model predicts them, in bits per byte of UTF-8, so that models with
 * different tokenizers can be compared.
 *
 * <p>A document is cut into windows; each token but a window's own first ones is predicted from
 * those before it in its window. The value of a domain is R = Σ bits / Σ bytes over windows, its
 * error that of a ratio: √(n/(n − 1) · Σ (bits − R·bytes)²) / Σ bytes.
 */
record DomainTexts(String name, int sequence, SortedMap<String, List<String>> documents)
        implements OpenTask {

    private static final int SEQUENCE = 512;

    static DomainTexts read(Task.BitsPerByte task, SuiteFiles files) {
        SortedMap<String, List<String>> documents = new TreeMap<>();
        task.domains()
                .forEach((domain, names) ->
                        documents.put(
                                domain,
                                names.stream()
                                        .flatMap(file -> documents(file, files).stream())
                                        .toList()));
        return new DomainTexts(task.name(), task.sequence().orElse(SEQUENCE), documents);
    }

    private static List<String> documents(String file, SuiteFiles files) {
        if (!file.endsWith(".jsonl")) {
            String text = files.text(file);
            if (text.isBlank()) {
                throw SuiteFiles.invalid(
                        files.path(file), "it is empty; there is nothing to score");
            }
            return List.of(text);
        }
        List<String> texts = new ArrayList<>();
        for (ObjectNode object : files.objects(file)) {
            String text = object.path("text").asString("");
            if (text.isBlank()) {
                throw SuiteFiles.invalid(
                        files.path(file), "document %d has no 'text'".formatted(texts.size() + 1));
            }
            texts.add(text);
        }
        return texts;
    }

    /** A window: what is scored, and how many bytes of text that is. */
    private record Window(ChatTokens tokens, long bytes) {}

    @Override
    public TaskResult ask(Subject subject) {
        List<Metric> metrics = new ArrayList<>();
        List<Double> bits = new ArrayList<>();
        List<Long> bytes = new ArrayList<>();
        for (Map.Entry<String, List<String>> domain : documents.entrySet()) {
            List<Window> windows =
                    domain.getValue().stream()
                            .flatMap(text -> windows(text, subject).stream())
                            .toList();
            List<Double> own =
                    subject.logLikelihoods(windows.stream().map(Window::tokens).toList()).stream()
                            .map(nats -> -nats / Math.log(2))
                            .toList();
            List<Long> lengths = windows.stream().map(Window::bytes).toList();
            metrics.add(ratio("bits_per_byte." + domain.getKey(), own, lengths));
            bits.addAll(own);
            bytes.addAll(lengths);
        }
        metrics.add(ratio("bits_per_byte", bits, bytes));
        return TaskResult.of(name, "bits-per-byte", metrics);
    }

    private List<Window> windows(String text, Subject subject) {
        int[] ids = subject.tokenizer().encode(text);
        int length = Math.min(sequence, subject.positions());
        List<Window> windows = new ArrayList<>();
        int[] before = subject.boundary();
        int from = before.length == 0 ? 1 : 0; // nothing to predict the first token from
        int[] given = before.length == 0 ? Arrays.copyOf(ids, Math.min(1, ids.length)) : before;
        while (from < ids.length) {
            int[] next = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + length));
            windows.add(new Window(ChatTokens.answer(given, next), bytes(next, subject)));
            given = new int[] {next[next.length - 1]};
            from += next.length;
        }
        return windows;
    }

    /** Of the tokens' own bytes, so that a character that is cut in two is counted right. */
    private static long bytes(int[] ids, Subject subject) {
        return Arrays.stream(ids).mapToLong(id -> subject.tokenizer().bytes(id).length).sum();
    }

    private static Metric ratio(String name, List<Double> bits, List<Long> bytes) {
        double allBits = bits.stream().mapToDouble(Double::doubleValue).sum();
        long allBytes = bytes.stream().mapToLong(Long::longValue).sum();
        double ratio = allBits / Math.max(1, allBytes);
        double squares = 0;
        for (int i = 0; i < bits.size(); i++) {
            double off = bits.get(i) - ratio * bytes.get(i);
            squares += off * off;
        }
        int n = bits.size();
        return new Metric(
                name,
                ratio,
                n < 2
                        ? Optional.empty()
                        : Optional.of(Math.sqrt(squares * n / (n - 1)) / Math.max(1, allBytes)),
                n,
                Metric.Better.LOWER);
    }
}
