package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.PartSums;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A merge that was killed leaves what these tests lay out: journal, whole shards, drafts. */
final class InterruptedMergeTest {

    private static final FileTime LONG_AGO = FileTime.from(Instant.parse("2001-01-01T00:00:00Z"));

    @TempDir Path folder;

    private Models models;
    private MergeOrder order;
    private Path target;
    private Path work;
    private List<String> shards;
    private ModelManifest expected;

    @BeforeEach
    void killAMergeAfterItsFirstShard() throws IOException {
        models = new Models(folder);
        Random random = new Random(7);
        Map<String, float[]> values = Models.random(Models.SMALL_LLAMA, random, 0.1);
        ModelDirectory base = models.write("base", Models.SMALL_LLAMA, values, 5_000);
        ModelDirectory member =
                models.write("a", Models.SMALL_LLAMA, Models.near(values, random, 0.01));
        order = Models.order(base, Models.members(List.of(member), 1), MergeRule.diLoCo(0.7, 0.5));
        shards = List.copyOf(base.layout().keySet());
        assertThat(shards).hasSizeGreaterThan(1);

        Path whole = Files.createDirectory(folder.resolve("whole"));
        MergeOutcome outcome = Merge.run(order, whole.resolve("next"), 1);
        expected = Manifests.of(outcome.candidate());

        Path killed = Files.createDirectory(folder.resolve("killed"));
        target = killed.resolve("next");
        work = Files.createDirectory(killed.resolve(".next.merging"));
        keep(outcome.candidate(), work.resolve("candidate"));
        Path state = outcome.state().orElseThrow().directory();
        Files.createDirectory(work.resolve("state"));
        keep(state.resolve("first-moment"), work.resolve("state/first-moment"));
        List<String> journal = Files.readAllLines(whole.resolve(".next.merged"));
        // The line of the second shard was cut off.
        Files.writeString(
                work.resolve("journal"),
                journal.get(0) + "\n" + journal.get(1) + "\n" + journal.get(2).substring(0, 20));
    }

    private void keep(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        Path first = to.resolve(shards.getFirst());
        Files.copy(from.resolve(shards.getFirst()), first);
        Files.setLastModifiedTime(first, LONG_AGO);
        Files.writeString(to.resolve("." + shards.getLast() + ".draft"), "half a shard");
    }

    @AfterEach
    void close() {
        models.close();
    }

    @Test
    void goes_on_with_the_shards_that_it_lacks() throws IOException {
        MergeOutcome outcome = Merge.run(order, target, 2);
        assertThat(Manifests.of(target)).isEqualTo(expected);
        assertThat(Files.getLastModifiedTime(target.resolve(shards.getFirst())))
                .isEqualTo(LONG_AGO);
        assertThat(outcome.state().orElseThrow().isIntact()).isTrue();
        assertThat(outcome.statistics())
                .isEqualTo(Merge.run(order, folder.resolve("again"), 1).statistics());
        assertThat(target.resolveSibling(".next.merging")).doesNotExist();
        try (var files = Files.list(target)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .noneMatch(name -> name.startsWith("."));
        }
    }

    @Test
    void counts_what_it_goes_on_from_as_done() {
        List<MergeHeadway> told = new ArrayList<>();
        Merge.run(order, target, 1, new PartSums(), told::add);
        List<MergeHeadway> merging =
                told.stream().filter(it -> it.step() == MergeHeadway.Step.MERGING).toList();
        assertThat(merging.getFirst().done()).isPositive().isLessThan(merging.getFirst().all());
        assertThat(merging.getLast().done()).isEqualTo(merging.getLast().all());
        told.clear();
        Merge.run(order, target, 1, new PartSums(), told::add);
        assertThat(told).as("it is finished").isEmpty();
    }

    @Test
    void writes_a_shard_again_that_the_disk_has_damaged() throws IOException {
        Path first = work.resolve("candidate").resolve(shards.getFirst());
        byte[] bytes = Files.readAllBytes(first);
        bytes[bytes.length - 1] ^= 1;
        Files.write(first, bytes);
        Merge.run(order, target, 1);
        assertThat(Manifests.of(target)).isEqualTo(expected);
    }

    @Test
    void writes_a_shard_again_that_is_only_half_there() throws IOException {
        Path first = work.resolve("state/first-moment").resolve(shards.getFirst());
        Files.write(first, java.util.Arrays.copyOf(Files.readAllBytes(first), 1000));
        Merge.run(order, target, 1);
        assertThat(Manifests.of(target)).isEqualTo(expected);
    }

    @Test
    void begins_again_when_the_order_is_another() {
        MergeOrder other = Models.order(order.base(), order.contributions(), MergeRule.fedAvg());
        assertThat(Merge.run(other, target, 1).state()).isEmpty();
        assertThat(Manifests.of(target)).isNotEqualTo(expected);
    }

    @Test
    void begins_again_when_the_journal_makes_no_sense() throws IOException {
        Files.writeString(
                work.resolve("journal"),
                "merge " + order.identity() + "\nshard " + shards.getFirst() + " zz\n");
        Merge.run(order, target, 1);
        assertThat(Manifests.of(target)).isEqualTo(expected);
    }

    @Test
    void a_finished_merge_is_not_done_twice() {
        MergeOutcome first = Merge.run(order, target, 1);
        MergeOutcome again = Merge.run(order, target, 1);
        assertThat(again.statistics()).isEqualTo(first.statistics());
        assertThat(again.state()).isEqualTo(first.state());
        assertThat(again.arithmetic()).isZero();
    }

    @Test
    void something_else_in_the_targets_place_is_left_alone() throws IOException {
        Files.writeString(Files.createDirectory(target).resolve("mine.txt"), "mine");
        assertThatThrownBy(() -> Merge.run(order, target, 1))
                .isInstanceOfSatisfying(
                        AggregationException.class,
                        e ->
                                assertThat(e.code())
                                        .isEqualTo(AggregationException.Code.TARGET_EXISTS));
        assertThat(target.resolve("mine.txt")).hasContent("mine");
    }

    @Test
    void anybody_can_verify_a_published_merge() {
        MergeOutcome outcome = Merge.run(order, target, 1);
        Optional<dev.tapestry.consortium.Digest> momentum = outcome.state().map(OuterState::digest);
        assertThat(MergeVerification.verify(order, expected, momentum, folder))
                .isEqualTo(new MergeVerification.Matches(outcome.statistics()));

        MergeOrder other = Models.order(order.base(), order.contributions(), MergeRule.fedAvg());
        assertThat(MergeVerification.verify(other, expected, momentum, folder))
                .isInstanceOfSatisfying(
                        MergeVerification.Differs.class,
                        differs ->
                                assertThat(differs.differences())
                                        .anyMatch(line -> line.contains(shards.getFirst()))
                                        .anyMatch(line -> line.startsWith("momentum: published")));
    }
}
