package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Merging after the fact, against the published equations in plain doubles. */
final class OfflineMergeTest {

    private static final long SEED = System.nanoTime();

    @TempDir Path folder;

    private Models models;
    private int next;

    @BeforeEach
    void open() {
        models = new Models(folder);
    }

    @AfterEach
    void close() {
        models.close();
    }

    @Test
    void ties_by_hand() {
        // δ: a (4, −1, 2, 0), b (−3, 3, 1, 0), c (1, −2, 4, 0); the upper half of each stays.
        float[] merged =
                merged(
                        new OfflineRule.Ties(0.5, 1),
                        models.vector("base", 1, 1, 1, 1),
                        models.vector("a", 5, 0, 3, 1),
                        models.vector("b", -2, 4, 2, 1),
                        models.vector("c", 2, -1, 5, 1));
        // (4, 0, 2, 0), (−3, 3, 0, 0), (0, −2, 4, 0): signs +, +, +
        assertThat(merged).containsExactly(5f, 4f, 4f, 1f);
    }

    @Test
    void ties_trims_elects_and_means_as_in_the_paper() {
        TensorSpec spec = TensorSpec.of("long", DType.F32, 523, 601);
        Random random = new Random(SEED);
        Map<String, float[]> base = Models.random(List.of(spec), random, 0.1);
        List<float[]> theirs = new ArrayList<>();
        List<ModelDirectory> written = new ArrayList<>();
        for (int m = 0; m < 3; m++) {
            Map<String, float[]> near = Models.near(base, random, 0.01);
            theirs.add(near.get("long"));
            written.add(models.write("m" + m, List.of(spec), near));
        }
        ModelDirectory start = models.write("base", List.of(spec), base);
        Path out = folder.resolve("out");
        OfflineMerge.run(new OfflineRule.Ties(0.2, 0.7), start, written, out);
        float[] found = Models.values(models.open(out), "long");

        float[] before = Models.values(start, "long");
        int n = before.length;
        double[][] delta = new double[3][n];
        for (int m = 0; m < 3; m++) {
            float[] sizes = new float[n];
            for (int i = 0; i < n; i++) {
                delta[m][i] = theirs.get(m)[i] - before[i];
                sizes[i] = Math.abs(theirs.get(m)[i] - before[i]);
            }
            Arrays.sort(sizes);
            float smallest = sizes[n - (int) Math.round(0.2 * n)];
            for (int i = 0; i < n; i++) {
                delta[m][i] = Math.abs(delta[m][i]) >= smallest ? delta[m][i] : 0;
            }
        }
        for (int i = 0; i < n; i++) {
            double sign = Math.signum(delta[0][i] + delta[1][i] + delta[2][i]);
            double sum = 0;
            int agreeing = 0;
            for (int m = 0; m < 3; m++) {
                if (sign != 0 && Math.signum(delta[m][i]) == sign) {
                    sum += delta[m][i];
                    agreeing++;
                }
            }
            double expected = before[i] + (agreeing == 0 ? 0 : 0.7 * sum / agreeing);
            if (Math.abs(found[i] - expected) > 1e-7) {
                assertThat((double) found[i]).as("seed %d [%d]", SEED, i).isEqualTo(expected);
            }
        }
    }

    @Test
    void dare_drops_the_share_it_should_and_keeps_the_mean() {
        int n = 400_000;
        float[] ones = new float[n];
        Arrays.fill(ones, 1);
        float[] found =
                merged(
                        new OfflineRule.Dare(0.9, 1, 7),
                        models.vector("base", new float[n]),
                        models.vector("a", ones));
        int kept = 0;
        for (float value : found) {
            if (value != 0) {
                assertThat(value).isEqualTo(10f);
                kept++;
            }
        }
        assertThat(kept / (double) n).isCloseTo(0.1, within(0.003));
    }

    @Test
    void dare_is_the_same_for_the_same_seed_only_and_drops_each_model_apart() {
        float[] ones = new float[1000];
        Arrays.fill(ones, 1);
        ModelDirectory base = models.vector("base", new float[1000]);
        ModelDirectory a = models.vector("a", ones);
        float[] first = merged(new OfflineRule.Dare(0.5, 1, 7), base, a, a);
        assertThat(merged(new OfflineRule.Dare(0.5, 1, 7), base, a, a)).isEqualTo(first);
        assertThat(merged(new OfflineRule.Dare(0.5, 1, 8), base, a, a)).isNotEqualTo(first);
        assertThat(first).as("one stays where the other is dropped").contains(1f, 2f, 0f);
        assertThat(merged(new OfflineRule.Dare(0, 1, 7), base, a, a)).isEqualTo(ones);
    }

    @Test
    void rebasing_puts_what_one_has_learnt_on_top_of_another() {
        ModelDirectory base = models.vector("base", 1, 2);
        ModelDirectory trained = models.vector("trained", 1.5f, 1);
        ModelDirectory newer = models.vector("newer", 10, 20);
        assertThat(merged(new OfflineRule.Rebase(1), base, trained, newer))
                .containsExactly(10.5f, 19f);
        assertThat(merged(new OfflineRule.Rebase(1), base, trained, base))
                .as("on its own base it is itself")
                .containsExactly(1.5f, 1f);
        assertThat(merged(new OfflineRule.Rebase(0.5), base, trained, newer))
                .as("half of it")
                .containsExactly(10.25f, 19.5f);
        assertThatThrownBy(() -> merged(new OfflineRule.Rebase(1), base, trained))
                .hasMessageContaining("2 models");
    }

    @Test
    void slerp_goes_along_the_arc() {
        ModelDirectory base = models.vector("base", 0, 0);
        ModelDirectory east = models.vector("east", 2, 0);
        ModelDirectory north = models.vector("north", 0, 2);
        float[] half = merged(new OfflineRule.Slerp(0.5), base, east, north);
        assertThat(half[0]).isCloseTo((float) Math.sqrt(2), within(1e-6f));
        assertThat(half[1]).isCloseTo((float) Math.sqrt(2), within(1e-6f));
        float[] third = merged(new OfflineRule.Slerp(1 / 3.0), base, east, north);
        assertThat(third[0]).isCloseTo((float) (2 * Math.cos(Math.PI / 6)), within(1e-6f));
        assertThat(merged(new OfflineRule.Slerp(1), base, east, north)).containsExactly(0f, 2f);
        assertThat(merged(new OfflineRule.Slerp(0.25), base, east, models.vector("far", 6, 0)))
                .as("parallel ones in a straight line")
                .containsExactly(3f, 0f);
    }

    @Test
    void the_mean_takes_half_precision_too_and_brings_the_bases_files() {
        List<TensorSpec> half = List.of(TensorSpec.of("v", DType.BF16, 2));
        Path out = folder.resolve("out");
        OfflineMerge.run(
                new OfflineRule.Mean(),
                models.write("base", half, Map.of("v", new float[] {1, 1})),
                List.of(
                        models.vector("a", 2, 0),
                        models.write("b", half, Map.of("v", new float[] {4, 0.5f}))),
                out);
        assertThat(Models.values(models.open(out), "v")).containsExactly(3f, 0.25f);
        assertThat(out.resolve("tokenizer.json")).hasContent("{\"a\": 1}");
    }

    @Test
    void what_cannot_be_merged_is_refused() {
        ModelDirectory base = models.vector("base", 1, 2);
        assertThatThrownBy(() -> merged(new OfflineRule.Slerp(0.5), base, base))
                .hasMessageContaining("merges 2 models, not 1");
        assertThatThrownBy(() -> merged(new OfflineRule.Mean(), base, models.vector("short", 1)))
                .hasMessageContaining("does not fit the base");
        assertThatThrownBy(() ->
                        OfflineMerge.run(
                                new OfflineRule.Mean(),
                                base,
                                List.of(base),
                                folder.resolve("base")))
                .hasMessageContaining("exists");
        assertThatIllegalArgumentException().isThrownBy(() -> new OfflineRule.Ties(0, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> new OfflineRule.Dare(1, 1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new OfflineRule.Slerp(1.5));
    }

    private float[] merged(OfflineRule rule, ModelDirectory base, ModelDirectory... apart) {
        Path out = folder.resolve("merged-" + next++);
        OfflineMerge.run(rule, base, List.of(apart), out);
        return Models.values(models.open(out), base.tensors().firstEntry().getKey());
    }
}
