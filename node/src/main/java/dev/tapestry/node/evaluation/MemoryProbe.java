package dev.tapestry.node.evaluation;

import dev.tapestry.corpus.chat.ChatTokens;
import dev.tapestry.training.Tokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * What a model remembers of its training.
 *
 * <p>Exposure of a secret (Carlini et al., arXiv:1802.08232) is log₂|R| − log₂ rank, with R the
 * secret and alternatives that were drawn as it was, and the rank its place among them by
 * likelihood: 0 says that it is the least likely, log₂|R| that it is the likeliest of all.
 *
 * <p>A piece of training text is continued greedily; what counts is the longest run of tokens that
 * is, in the continuation and in the text, the same.
 */
record MemoryProbe(Task.Memorisation task) implements OpenTask {

    private static final String KIND = "memorisation";
    private static final int ALTERNATIVES = 1000;
    private static final int PREFIX = 32;
    private static final int PIECES = 50;
    private static final int CONTINUED = 50;

    @Override
    public String name() {
        return task.name();
    }

    @Override
    public TaskResult ask(Subject subject) {
        List<Metric> metrics = new ArrayList<>();
        task.canaries().ifPresent(canaries -> metrics.addAll(exposure(canaries, subject)));
        if (task.verbatim().isPresent()) {
            List<Metric> continued =
                    subject.training()
                            .map(text -> verbatim(task.verbatim().orElseThrow(), text, subject))
                            .orElse(List.of());
            if (continued.isEmpty()) {
                String why =
                        subject.training().isEmpty()
                                ? "no training text was named, so nothing was continued"
                                : "the training text is shorter than one piece, so nothing was continued";
                return new TaskResult(name(), KIND, metrics, Optional.of(why));
            }
            metrics.addAll(continued);
        }
        return TaskResult.of(name(), KIND, metrics);
    }

    private static List<Metric> exposure(Task.Canaries canaries, Subject subject) {
        Map<Integer, List<Double>> drawn = new TreeMap<>();
        List<Double> exposures = new ArrayList<>();
        int alternatives = canaries.alternatives().orElse(ALTERNATIVES);
        for (String secret : canaries.secrets()) {
            int length = secret.codePointCount(0, secret.length());
            List<Double> others =
                    drawn.computeIfAbsent(
                            length,
                            _ ->
                                    subject.logLikelihoods(
                                            alternatives(canaries, length, alternatives, subject)));
            double own =
                    subject.logLikelihoods(List.of(filled(canaries.format(), secret, subject)))
                            .getFirst();
            long rank = 1 + others.stream().filter(other -> other > own).count();
            exposures.add(log2(1 + alternatives) - log2((double) rank));
        }
        return List.of(
                Metric.mean("exposure", exposures, Metric.Better.LOWER),
                Metric.plain(
                        "exposure_most",
                        exposures.stream().mapToDouble(Double::doubleValue).max().orElse(0),
                        exposures.size(),
                        Metric.Better.LOWER),
                Metric.plain(
                        "exposure_possible",
                        log2(1 + alternatives),
                        alternatives,
                        Metric.Better.NEITHER));
    }

    private static List<ChatTokens> alternatives(
            Task.Canaries canaries, int length, int count, Subject subject) {
        SplittableRandom random = new SplittableRandom(subject.seed() * 31 + length);
        int[] alphabet = canaries.drawnOf().codePoints().distinct().toArray();
        List<ChatTokens> drawn = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            StringBuilder secret = new StringBuilder();
            for (int c = 0; c < length; c++) {
                secret.appendCodePoint(alphabet[random.nextInt(alphabet.length)]);
            }
            drawn.add(filled(canaries.format(), secret.toString(), subject));
        }
        return drawn;
    }

    private static ChatTokens filled(String format, String secret, Subject subject) {
        int at = format.indexOf("{}");
        return subject.continuation(format.substring(0, at), secret + format.substring(at + 2));
    }

    private static double log2(double value) {
        return Math.log(value) / Math.log(2);
    }

    /** None where the text is shorter than one piece. */
    private static List<Metric> verbatim(Task.Verbatim how, Tokens text, Subject subject) {
        int prefix = Math.min(how.prefix().orElse(PREFIX), subject.positions() / 2);
        int most = Math.min(how.tokens().orElse(CONTINUED), subject.positions() - prefix);
        long pieces = Math.min(how.pieces().orElse(PIECES), text.count() / (prefix + most));
        if (pieces == 0) {
            return List.of();
        }
        List<Integer> longest = new ArrayList<>();
        for (long piece = 0; piece < pieces; piece++) {
            long[] ids = new long[prefix + most];
            text.read(piece * (text.count() - ids.length) / Math.max(1, pieces - 1), ids);
            int[] all = Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
            int[] said = subject.generated(Arrays.copyOf(all, prefix), most, OptionalInt.empty());
            longest.add(commonRun(said, Arrays.copyOfRange(all, prefix, all.length)));
            subject.told(piece + 1);
        }
        List<Boolean> whole = longest.stream().map(run -> run >= most).toList();
        return List.of(
                Metric.plain(
                        "verbatim_longest",
                        longest.stream().mapToInt(Integer::intValue).max().orElse(0),
                        pieces,
                        Metric.Better.LOWER),
                Metric.mean(
                        "verbatim_tokens",
                        longest.stream().map(Integer::doubleValue).toList(),
                        Metric.Better.LOWER),
                Metric.share("verbatim_whole", whole, Metric.Better.LOWER));
    }

    /** The length of the longest run that both have. */
    static int commonRun(int[] one, int[] other) {
        int longest = 0;
        int[] before = new int[other.length + 1];
        for (int a : one) {
            int[] now = new int[other.length + 1];
            for (int j = 0; j < other.length; j++) {
                now[j + 1] = a == other[j] ? before[j] + 1 : 0;
                longest = Math.max(longest, now[j + 1]);
            }
            before = now;
        }
        return longest;
    }
}
