package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.MergeRule;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Members with random updates of a model of three tensors, and the rounds that they merge. */
final class RuleStage implements AutoCloseable {

    static final List<TensorSpec> SPECS =
            List.of(
                    TensorSpec.of("lm_head.weight", DType.F32, 5, 3),
                    TensorSpec.of("model.layers.0.mlp.up_proj.weight", DType.F32, 12, 11),
                    TensorSpec.of("model.norm.weight", DType.F32, 12));
    static final int SIZE = 5 * 3 + 12 * 11 + 12;

    final long seed;
    final Random random;
    final double[] weights;
    private final Path folder;
    private final Models models;
    private final List<MergeOutcome> rounds = new ArrayList<>();
    private ModelDirectory base;
    private int written;

    RuleStage(Path folder, long seed, double... weights) {
        this.folder = created(folder);
        this.models = new Models(folder);
        this.seed = seed;
        this.random = new Random(seed);
        this.weights = weights;
        this.base = models.write("start", SPECS, tensors(gaussian(0.1), new double[SIZE]));
    }

    private static Path created(Path folder) {
        try {
            return Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static RuleStage equal(Path folder, long seed, int members) {
        double[] weights = new double[members];
        Arrays.fill(weights, 1.0 / members);
        return new RuleStage(folder, seed, weights);
    }

    double[] gaussian(double deviation) {
        return random.doubles(SIZE).map(_ -> random.nextGaussian() * deviation).toArray();
    }

    /** Updates around a common one, as honest members send them. */
    double[][] honest() {
        double[] common = gaussian(0.01);
        double[][] updates = new double[weights.length][];
        for (int m = 0; m < updates.length; m++) {
            double[] own = gaussian(0.005);
            for (int k = 0; k < SIZE; k++) {
                own[k] += common[k];
            }
            updates[m] = own;
        }
        return updates;
    }

    double[] base() {
        return flat(base);
    }

    /** Rounds so far. */
    List<MergeOutcome> rounds() {
        return rounds;
    }

    /** The order in which members move the base by exactly these updates, as far as floats can. */
    MergeOrder order(MergeRule rule, double[][] updates) {
        List<ModelDirectory> members = new ArrayList<>();
        double[] from = base();
        for (double[] update : updates) {
            members.add(models.write("member-" + written++, SPECS, tensors(from, negated(update))));
        }
        Optional<OuterState> state = rounds.isEmpty() ? Optional.empty() : rounds.getLast().state();
        return Models.order(base, Models.members(members, weights), rule, state);
    }

    /** What each of several rules would subtract from the base for the same updates. */
    Map<String, double[]> moves(Map<String, MergeRule> rules, double[][] updates) {
        Map<String, double[]> moves = new LinkedHashMap<>();
        MergeOrder first = order(MergeRule.fedAvg(), updates);
        rules.forEach((name, rule) -> {
            MergeOrder order = Models.order(first.base(), first.contributions(), rule);
            MergeOutcome outcome = Merge.run(order, folder.resolve("move-" + written++), 1);
            double[] moved = base();
            double[] after = flat(models.open(outcome.candidate()));
            for (int k = 0; k < SIZE; k++) {
                moved[k] -= after[k];
            }
            moves.put(name, moved);
        });
        return moves;
    }

    /** Merges; the next round begins from the candidate. What was subtracted from the base. */
    double[] merge(MergeRule rule, double[][] updates) {
        double[] before = base();
        MergeOutcome outcome =
                Merge.run(order(rule, updates), folder.resolve("round-" + written++), 2);
        rounds.add(outcome);
        base = models.open(outcome.candidate());
        double[] after = base();
        for (int k = 0; k < SIZE; k++) {
            before[k] -= after[k];
        }
        return before;
    }

    void expect(double[] found, double[] expected, double tolerance) {
        for (int k = 0; k < SIZE; k++) {
            if (!(Math.abs(found[k] - expected[k]) <= tolerance)) {
                assertThat(found[k]).as("seed %d, coordinate %d", seed, k).isEqualTo(expected[k]);
            }
        }
    }

    /** The part of a whole vector that is one tensor. */
    static double[] part(double[] whole, int tensor) {
        int first = 0;
        for (int t = 0; t < tensor; t++) {
            first += (int) SPECS.get(t).elements();
        }
        return Arrays.copyOfRange(whole, first, first + (int) SPECS.get(tensor).elements());
    }

    static double[] joined(double[]... parts) {
        return Arrays.stream(parts).flatMapToDouble(Arrays::stream).toArray();
    }

    private static double[] negated(double[] values) {
        return Arrays.stream(values).map(v -> -v).toArray();
    }

    private static Map<String, float[]> tensors(double[] values, double[] added) {
        Map<String, float[]> tensors = new LinkedHashMap<>();
        int next = 0;
        for (TensorSpec spec : SPECS) {
            float[] tensor = new float[(int) spec.elements()];
            for (int i = 0; i < tensor.length; i++, next++) {
                tensor[i] = (float) (values[next] + added[next]);
            }
            tensors.put(spec.name(), tensor);
        }
        return tensors;
    }

    private static double[] flat(ModelDirectory model) {
        return SPECS.stream()
                .map(spec -> Models.values(model, spec.name()))
                .flatMapToDouble(RuleStage::doubles)
                .toArray();
    }

    private static DoubleStream doubles(float[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]);
    }

    @Override
    public void close() {
        models.close();
    }
}
