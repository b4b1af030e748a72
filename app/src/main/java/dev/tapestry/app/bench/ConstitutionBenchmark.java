package dev.tapestry.app.bench;

import dev.tapestry.node.constitution.AnswerScreen;
import dev.tapestry.node.constitution.Constitution;
import dev.tapestry.node.constitution.Constitution.Action;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.node.constitution.ProtectedDomain;
import dev.tapestry.node.constitution.Verdict;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;

/**
 * How long it takes to hold a request against a constitution: its prompt whole, its answer in
 * pieces of four characters. Words are made of syllables, so that texts keep beginning terms that
 * do not come to their end.
 */
final class ConstitutionBenchmark {

    private static final int PIECE = 4;
    private static final List<String> SYLLABLES =
            List.of(
                    "ka", "lo", "mi", "ra", "sen", "tu", "ver", "an", "be", "dö", "é", "fi", "gra",
                    "hu", "in", "jo", "ст", "да", "νε", "ou");

    private final int terms;
    private final int patterns;
    private final int prompt;
    private final int answer;
    private final int requests;
    private final SplittableRandom random;
    private final List<String> words = new ArrayList<>();

    ConstitutionBenchmark(
            int terms, int patterns, int prompt, int answer, int requests, long seed) {
        this.terms = terms;
        this.patterns = patterns;
        this.prompt = prompt;
        this.answer = answer;
        this.requests = Math.max(1, requests);
        this.random = new SplittableRandom(seed);
    }

    /** Milliseconds of a request. */
    record Times(double medianMs, double p99Ms, double mostMs) {

        static Times of(long[] nanos) {
            double[] sorted = LongStream.of(nanos).sorted().mapToDouble(n -> n / 1e6).toArray();
            return new Times(
                    sorted[sorted.length / 2],
                    sorted[Math.min(sorted.length - 1, (int) (sorted.length * 0.99))],
                    sorted[sorted.length - 1]);
        }
    }

    /**
     * What was measured.
     *
     * @param touched requests in which a rule acted
     */
    record Report(
            int terms,
            int patterns,
            int promptCharacters,
            int answerCharacters,
            int requests,
            int touched,
            double compiledMs,
            Times clock,
            Times processor) {}

    Report run() {
        long begun = System.nanoTime();
        Guard guard = Guard.of(constitution());
        double compiled = (System.nanoTime() - begun) / 1e6;
        List<String> prompts = new ArrayList<>();
        List<String> answers = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            prompts.add(text(prompt));
            answers.add(text(answer));
        }
        for (int i = 0; i < Math.min(2000, requests); i++) {
            request(guard, prompts.get(i % 50), answers.get(i % 50));
        }
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long[] clock = new long[requests];
        long[] processor = new long[requests];
        int touched = 0;
        for (int i = 0; i < requests; i++) {
            long used = threads.getCurrentThreadCpuTime();
            long from = System.nanoTime();
            boolean acted = request(guard, prompts.get(i % 50), answers.get(i % 50));
            clock[i] = System.nanoTime() - from;
            processor[i] = threads.getCurrentThreadCpuTime() - used;
            touched += acted ? 1 : 0;
        }
        return new Report(
                terms,
                patterns,
                prompt,
                answer,
                requests,
                touched,
                compiled,
                Times.of(clock),
                Times.of(processor));
    }

    private static boolean request(Guard guard, String prompt, String answer) {
        boolean acted = !(guard.prompt(prompt) instanceof Verdict.Allowed);
        AnswerScreen screen = guard.answer();
        int shown = 0;
        for (int at = 0; at < answer.length(); at += PIECE) {
            shown +=
                    screen.accept(answer.substring(at, Math.min(answer.length(), at + PIECE)))
                            .length();
        }
        shown += screen.finish().length();
        return acted || shown != answer.length();
    }

    private Constitution constitution() {
        for (int i = 0; i < terms; i++) {
            words.add(i % 3 == 0 ? word(4) + " " + word(3) : word(5) + (i % 3 == 1 ? "*" : ""));
        }
        List<String> written = new ArrayList<>();
        for (int i = 0; i < patterns; i++) {
            written.add("\\b" + word(2) + " ?(?:no\\. ?)?[0-9a-z]{3,12}x\\b");
        }
        TreeMap<String, List<String>> byLanguage = new TreeMap<>();
        byLanguage.put("en", List.copyOf(words));
        return new Constitution(
                "bench",
                List.of("en"),
                Optional.empty(),
                Optional.empty(),
                Optional.of(
                        List.of(
                                new ProtectedDomain(
                                        "bench",
                                        "words by chance",
                                        Optional.of(byLanguage),
                                        Optional.empty(),
                                        Optional.of(written),
                                        Optional.empty(),
                                        Optional.empty(),
                                        Action.REDACT,
                                        Optional.empty()))),
                Optional.empty(),
                Optional.empty());
    }

    private String word(int syllables) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < syllables; i++) {
            word.append(SYLLABLES.get(random.nextInt(SYLLABLES.size())));
        }
        return word.toString();
    }

    private String text(int characters) {
        StringBuilder text = new StringBuilder();
        while (text.length() < characters) {
            boolean whole = !words.isEmpty() && random.nextInt(1000) == 0;
            text.append(
                    whole
                            ? words.get(random.nextInt(words.size())).replace("*", "")
                            : word(1 + random.nextInt(4)));
            text.append(random.nextInt(8) == 0 ? ". " : " ");
        }
        return text.substring(0, characters);
    }
}
