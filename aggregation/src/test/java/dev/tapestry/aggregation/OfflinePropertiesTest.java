package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.consortium.Digest;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What must hold of merging after the fact, whatever the numbers, and DARE against its equation.
 *
 * <p>The numbers are whole multiples of 2⁻¹⁴, so that a base and what models learnt on top of it
 * add up exactly.
 */
final class OfflinePropertiesTest {

    private static final long SEED = System.nanoTime();
    private static final int DRAWS = 2;
    private static final float UNIT = 0x1p-14f;
    private static final double FLOATS = 2e-7;
    private static final TensorSpec LARGE = TensorSpec.of("large", DType.F32, 37, 29);
    private static final TensorSpec SMALL = TensorSpec.of("small", DType.F32, 11);
    private static final List<TensorSpec> SPECS = List.of(LARGE, SMALL);

    @TempDir Path folder;

    private Models models;
    private int written;

    @BeforeEach
    void open() {
        models = new Models(folder);
    }

    @AfterEach
    void close() {
        models.close();
    }

    /** What DARE drops of a model is drawn by its place: an order is part of its seed. */
    @Test
    void the_order_of_the_models_changes_nothing() {
        for (int draw = 0; draw < DRAWS; draw++) {
            Random random = new Random(SEED + draw);
            Map<String, float[]> base = random(random, 4000);
            List<Map<String, float[]>> theirs = near(base, random, 4);
            List<Map<String, float[]>> shuffled = new ArrayList<>(theirs);
            Collections.shuffle(shuffled, random);
            double density = random.nextDouble(0.1, 1);
            for (OfflineRule rule :
                    List.of(
                            new OfflineRule.Mean(),
                            new OfflineRule.Ties(density, 0.7),
                            new OfflineRule.Dare(0, 0.7, SEED))) {
                expect(rule, merged(rule, base, shuffled), merged(rule, base, theirs));
            }
            double t = random.nextDouble();
            OfflineRule there = new OfflineRule.Slerp(t);
            expect(
                    there,
                    merged(there, base, theirs.subList(0, 2)),
                    merged(new OfflineRule.Slerp(1 - t), base, theirs.subList(0, 2).reversed()));
        }
    }

    @Test
    void models_that_are_the_same_give_what_one_of_them_gives() {
        for (int draw = 0; draw < DRAWS; draw++) {
            Random random = new Random(SEED + draw);
            Map<String, float[]> base = random(random, 4000);
            Map<String, float[]> same = near(base, random, 1).getFirst();
            List<Map<String, float[]>> three = List.of(same, same, same);
            for (OfflineRule rule :
                    List.of(
                            new OfflineRule.Mean(),
                            new OfflineRule.Ties(1, 1),
                            new OfflineRule.Dare(0, 1, SEED))) {
                expect(rule, merged(rule, base, three), same);
            }
            OfflineRule along = new OfflineRule.Slerp(random.nextDouble());
            expect(along, merged(along, base, three.subList(0, 2)), same);
            OfflineRule trimmed = new OfflineRule.Ties(random.nextDouble(0.05, 0.95), 0.7);
            expect(
                    trimmed,
                    merged(trimmed, base, three),
                    merged(trimmed, base, three.subList(0, 1)));
        }
    }

    /** Of three that are the same DARE takes 0, 1, 2 or 3, each divided by 3(1 − p). */
    @Test
    void of_models_that_are_the_same_dare_takes_whole_shares() {
        Random random = new Random(SEED);
        Map<String, float[]> base = random(random, 4000);
        Map<String, float[]> same = near(base, random, 1).getFirst();
        OfflineRule rule = new OfflineRule.Dare(0.75, 1, SEED);
        Map<String, float[]> found = merged(rule, base, List.of(same, same, same));
        for (TensorSpec spec : SPECS) {
            float[] before = of(base, spec);
            float[] theirs = of(same, spec);
            for (int i = 0; i < before.length; i++) {
                double delta = theirs[i] - before[i];
                double moved = of(found, spec)[i] - before[i];
                double kept = delta == 0 ? 0 : moved * 3 * 0.25 / delta;
                assertThat(kept).as(story(rule, spec, i)).isBetween(-0.01, 3.01);
                assertThat(moved)
                        .as(story(rule, spec, i))
                        .isCloseTo(Math.rint(kept) * delta / 3 / 0.25, within(FLOATS));
            }
        }
    }

    /** TIES' thresholds grow with what was learnt, and DARE's lots do not look at it. */
    @Test
    void twice_as_much_learnt_or_twice_the_scale_goes_twice_as_far() {
        for (int draw = 0; draw < DRAWS; draw++) {
            Random random = new Random(SEED + draw);
            Map<String, float[]> base = random(random, 4000);
            List<Map<String, float[]>> theirs = near(base, random, 3);
            List<Map<String, float[]>> twice =
                    theirs.stream().map(model -> twiceAsFar(base, model)).toList();
            double density = random.nextDouble(0.05, 1);
            double dropped = random.nextDouble(0, 0.95);
            for (OfflineRule rule :
                    List.of(
                            new OfflineRule.Mean(),
                            new OfflineRule.Ties(density, 0.5),
                            new OfflineRule.Dare(dropped, 0.5, SEED))) {
                Map<String, float[]> expected = twiceAsFar(base, merged(rule, base, theirs));
                expect(rule, merged(rule, base, twice), expected);
                OfflineRule doubled =
                        switch (rule) {
                            case OfflineRule.Ties ties -> new OfflineRule.Ties(ties.density(), 1);
                            case OfflineRule.Dare dare ->
                                    new OfflineRule.Dare(dare.dropRate(), 1, dare.seed());
                            case OfflineRule other -> other;
                        };
                if (!doubled.equals(rule)) {
                    expect(doubled, merged(doubled, base, theirs), expected);
                }
            }
        }
    }

    /**
     * Its angle is between the weights themselves, seen from 0 and not from the base: it is twice
     * as large a model for two models twice as large, whatever the base, and nothing follows from
     * twice as much learnt.
     */
    @Test
    void spherical_interpolation_scales_with_the_weights_and_keeps_their_length() {
        for (int draw = 0; draw < DRAWS; draw++) {
            Random random = new Random(SEED + draw);
            Map<String, float[]> zero = random(random, 1);
            zero.values().forEach(values -> Arrays.fill(values, 0));
            Map<String, float[]> base = random(random, 4000);
            Map<String, float[]> one = random(random, 4000);
            Map<String, float[]> mirrored = new LinkedHashMap<>();
            one.forEach((name, values) -> mirrored.put(name, reversed(values)));
            OfflineRule rule = new OfflineRule.Slerp(random.nextDouble());
            Map<String, float[]> once = merged(rule, base, List.of(one, mirrored));
            Map<String, float[]> twice =
                    merged(rule, zero, List.of(twiceAsFar(zero, one), twiceAsFar(zero, mirrored)));
            for (TensorSpec spec : SPECS) {
                assertThat(of(twice, spec)).isEqualTo(of(twiceAsFar(zero, once), spec));
                assertThat(length(of(once, spec)))
                        .as(story(rule, spec, 0))
                        .isCloseTo(length(of(one, spec)), within(1e-5));
            }
        }
    }

    /**
     * None of these rules bears a model that is wrong: with TIES too the largest number elects the
     * sign. But it is wrong only where it is: TIES cuts by rank, so one that was kept anyway costs
     * none of its neighbours their place.
     */
    @Test
    void a_number_that_is_far_too_large_moves_its_own_coordinate_only() {
        for (int draw = 0; draw < DRAWS; draw++) {
            Random random = new Random(SEED + draw);
            Map<String, float[]> base = random(random, 4000);
            List<Map<String, float[]>> theirs = near(base, random, 3);
            float[] liar = of(theirs.get(1), LARGE);
            int largest = 0;
            for (int i = 0; i < liar.length; i++) {
                float most = Math.abs(liar[largest] - of(base, LARGE)[largest]);
                largest = Math.abs(liar[i] - of(base, LARGE)[i]) > most ? i : largest;
            }
            for (OfflineRule rule :
                    List.of(
                            new OfflineRule.Mean(),
                            new OfflineRule.Ties(random.nextDouble(0.1, 1), 1),
                            new OfflineRule.Dare(0.5, 1, SEED),
                            new OfflineRule.Rebase(1),
                            new OfflineRule.Slerp(0.5))) {
                boolean pairs =
                        rule instanceof OfflineRule.Slerp || rule instanceof OfflineRule.Rebase;
                List<Map<String, float[]>> some = pairs ? theirs.subList(0, 2) : theirs;
                Map<String, float[]> honest = merged(rule, base, some);
                float said = liar[largest];
                liar[largest] = 1000;
                Map<String, float[]> found = merged(rule, base, some);
                liar[largest] = said;
                assertThat(of(found, SMALL)).as("another tensor").isEqualTo(of(honest, SMALL));
                float[] there = of(found, LARGE);
                switch (rule) {
                    case OfflineRule.Mean _ -> assertThat(there[largest]).isGreaterThan(300);
                    case OfflineRule.Ties _ -> assertThat(there[largest]).isGreaterThan(300);
                    case OfflineRule.Rebase _ -> assertThat(there[largest]).isGreaterThan(300);
                    case OfflineRule.Dare _ ->
                            assertThat(there[largest])
                                    .satisfiesAnyOf(
                                            v -> assertThat(v).isGreaterThan(600),
                                            v -> assertThat(Math.abs(v)).isLessThan(2));
                    case OfflineRule.Slerp _ -> {
                        assertThat(there[largest]).isGreaterThan(300);
                        continue; // it turns the whole tensor's angle
                    }
                }
                there[largest] = of(honest, LARGE)[largest];
                assertThat(there).as(story(rule, LARGE, largest)).isEqualTo(of(honest, LARGE));
            }
        }
    }

    /**
     * Yu et al., arXiv 2311.03099, equations 1 and 2: m ~ Bernoulli(p), δ̃ = (1 − m) ⊙ δ, δ̂ = δ̃ ÷
     * (1 − p), θ_DARE = θ + δ̂; and the mean of the models' θ_DARE − θ, scaled. The lots come from
     * the JDK's own SplitMix64: a generator for each model and tensor, a number for each element.
     */
    @Test
    void dare_is_that_of_the_paper_for_the_lots_that_its_seed_draws() {
        TensorSpec windows = TensorSpec.of("longer.than.a.window", DType.F32, 523, 601);
        List<TensorSpec> specs = List.of(windows, SMALL);
        Random random = new Random(SEED);
        for (double p : new double[] {0, 0.3, 0.9, 0.99}) {
            Map<String, float[]> base = Models.random(specs, random, 0.1);
            List<Map<String, float[]>> theirs =
                    List.of(
                            Models.near(base, random, 0.01),
                            Models.near(base, random, 0.01),
                            Models.near(base, random, 0.01));
            long seed = random.nextLong();
            double scale = 0.7;
            Map<String, float[]> found =
                    merged(new OfflineRule.Dare(p, scale, seed), specs, base, theirs);
            for (TensorSpec spec : specs) {
                float[] before = of(base, spec);
                double[] expected = new double[before.length];
                for (int model = 0; model < theirs.size(); model++) {
                    float[] after = of(theirs.get(model), spec);
                    SplittableRandom lots = lots(seed, model, spec.name());
                    for (int i = 0; i < expected.length; i++) {
                        int m = lots.nextDouble() < p ? 1 : 0;
                        double delta = (double) after[i] - before[i];
                        double dropped = (1 - m) * delta;
                        double rescaled = dropped / (1 - p);
                        double dare = before[i] + rescaled;
                        expected[i] += (dare - before[i]) / theirs.size();
                    }
                }
                for (int i = 0; i < expected.length; i++) {
                    double wanted = before[i] + scale * expected[i];
                    float is = of(found, spec)[i];
                    if (!(Math.abs(is - wanted) <= Math.ulp(is))) {
                        assertThat((double) is)
                                .as("p = %s, %s[%d], seed %d", p, spec.name(), i, SEED)
                                .isEqualTo(wanted);
                    }
                }
            }
        }
    }

    /** One generator's number (m + 1) seeds the generator of model m. */
    private static SplittableRandom lots(long seed, int model, String tensor) {
        byte[] digest =
                HexFormat.of().parseHex(Digest.of(tensor.getBytes(StandardCharsets.UTF_8)).hex());
        SplittableRandom streams = new SplittableRandom(seed + ByteBuffer.wrap(digest).getLong());
        long stream = 0;
        for (int m = 0; m <= model; m++) {
            stream = streams.nextLong();
        }
        return new SplittableRandom(stream);
    }

    private Map<String, float[]> merged(
            OfflineRule rule, Map<String, float[]> base, List<Map<String, float[]>> theirs) {
        return merged(rule, SPECS, base, theirs);
    }

    private Map<String, float[]> merged(
            OfflineRule rule,
            List<TensorSpec> specs,
            Map<String, float[]> base,
            List<Map<String, float[]>> theirs) {
        ModelDirectory start = write(specs, base);
        List<ModelDirectory> apart = theirs.stream().map(model -> write(specs, model)).toList();
        Path out = folder.resolve("merged-" + written++);
        OfflineMerge.run(rule, start, apart, out);
        return Models.values(models.open(out));
    }

    private ModelDirectory write(List<TensorSpec> specs, Map<String, float[]> values) {
        return models.write("model-" + written++, specs, values);
    }

    private static Map<String, float[]> random(Random random, int bound) {
        Map<String, float[]> values = new LinkedHashMap<>();
        for (TensorSpec spec : SPECS) {
            float[] tensor = new float[(int) spec.elements()];
            for (int i = 0; i < tensor.length; i++) {
                tensor[i] = random.nextInt(-bound, bound + 1) * UNIT;
            }
            values.put(spec.name(), tensor);
        }
        return values;
    }

    /**
     * Models that learnt something on top of {@code base}; their directions have much in common.
     */
    private static List<Map<String, float[]>> near(
            Map<String, float[]> base, Random random, int count) {
        return random.ints(count, 200, 600)
                .mapToObj(bound -> {
                    Map<String, float[]> model = random(random, bound);
                    model.forEach((name, values) -> {
                        float[] before = Objects.requireNonNull(base.get(name));
                        for (int i = 0; i < values.length; i++) {
                            values[i] += before[i];
                        }
                    });
                    return model;
                })
                .toList();
    }

    private static Map<String, float[]> twiceAsFar(
            Map<String, float[]> base, Map<String, float[]> model) {
        Map<String, float[]> twice = new LinkedHashMap<>();
        model.forEach((name, values) -> {
            float[] before = Objects.requireNonNull(base.get(name));
            float[] farther = new float[values.length];
            for (int i = 0; i < farther.length; i++) {
                farther[i] = (float) (2.0 * values[i] - before[i]);
            }
            twice.put(name, farther);
        });
        return twice;
    }

    private static float[] reversed(float[] values) {
        float[] reversed = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            reversed[i] = values[values.length - 1 - i];
        }
        return reversed;
    }

    private static double length(float[] values) {
        double squares = 0;
        for (float value : values) {
            squares += (double) value * value;
        }
        return Math.sqrt(squares);
    }

    private static float[] of(Map<String, float[]> model, TensorSpec spec) {
        return Objects.requireNonNull(model.get(spec.name()));
    }

    private static void expect(
            OfflineRule rule, Map<String, float[]> found, Map<String, float[]> expected) {
        for (TensorSpec spec : SPECS) {
            for (int i = 0; i < spec.elements(); i++) {
                double apart = of(found, spec)[i] - (double) of(expected, spec)[i];
                if (!(Math.abs(apart) <= FLOATS)) {
                    assertThat(of(found, spec)[i])
                            .as(story(rule, spec, i))
                            .isEqualTo(of(expected, spec)[i]);
                }
            }
        }
    }

    private static String story(OfflineRule rule, TensorSpec spec, int element) {
        return "seed %d: %s, %s[%d]".formatted(SEED, rule, spec.name(), element);
    }
}
