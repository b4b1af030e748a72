package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.aggregation.MergeHeadway.Step;
import dev.tapestry.consortium.Clipping;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.PartSums;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever listens to a merge knows how far it is, whatever the rule and however many work. */
final class MergeHeadwayTest {

    @TempDir Path folder;

    private final Queue<MergeHeadway> told = new ConcurrentLinkedQueue<>();
    private Models models;
    private ModelDirectory base;
    private ModelDirectory member;
    private int merges;

    @BeforeEach
    void writeModels() {
        models = new Models(folder);
        Random random = new Random(11);
        Map<String, float[]> values = Models.random(Models.SMALL_LLAMA, random, 0.1);
        base = models.write("base", Models.SMALL_LLAMA, values, 5_000);
        member = models.write("a", Models.SMALL_LLAMA, Models.near(values, random, 0.01));
    }

    @AfterEach
    void close() {
        models.close();
    }

    private List<MergeHeadway> merged(MergeRule rule, int threads) {
        MergeOrder order =
                Models.order(base, Models.members(List.of(member, member), 0.5, 0.5), rule);
        Merge.run(order, folder.resolve("next" + merges++), threads, new PartSums(), told::add);
        return List.copyOf(told);
    }

    private static List<MergeHeadway> of(Step step, List<MergeHeadway> all) {
        return all.stream().filter(headway -> headway.step() == step).toList();
    }

    @Test
    void one_pass_counts_every_element_once_and_every_shard_by_its_number() {
        int shards = base.layout().size();
        assertThat(shards).isGreaterThan(1);
        List<MergeHeadway> merging = of(Step.MERGING, merged(MergeRule.fedAvg(), 1));
        assertThat(merging).extracting(MergeHeadway::done).isSorted().startsWith(0L);
        assertThat(merging)
                .allSatisfy(it -> assertThat(it.all()).isEqualTo(base.bytes() / Float.BYTES));
        assertThat(merging).extracting(MergeHeadway::shard).isSorted().contains(1, shards);
        assertThat(merging.getLast())
                .isEqualTo(
                        new MergeHeadway(
                                Step.MERGING,
                                shards,
                                shards,
                                base.bytes() / Float.BYTES,
                                base.bytes() / Float.BYTES));
    }

    @Test
    void rules_that_read_more_than_once_end_at_a_hundred_percent_too() {
        MergeRule clipped = MergeRule.fedAvg().clipped(new Clipping.MedianNorm());
        for (MergeRule rule :
                List.of(
                        clipped,
                        Models.preserving(1, 0),
                        Models.preserving(1, 0).clipped(new Clipping.MedianNorm()))) {
            for (int threads : List.of(1, 3)) {
                told.clear();
                List<MergeHeadway> all = merged(rule, threads);
                for (Step step : List.of(Step.SURVEYING, Step.MERGING)) {
                    List<MergeHeadway> heard = of(step, all);
                    assertThat(heard.isEmpty())
                            .as("%s of %s", step, rule)
                            .isEqualTo(step == Step.SURVEYING && rule.clipping().isEmpty());
                    heard.forEach(it -> assertThat(it.done()).isBetween(0L, it.all()));
                    assertThat(heard.stream().mapToLong(MergeHeadway::done).max())
                            .isEqualTo(heard.stream().mapToLong(MergeHeadway::all).max());
                }
            }
        }
    }
}
