package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.aggregation.MergeVerification.Differs;
import dev.tapestry.aggregation.MergeVerification.Matches;
import dev.tapestry.consortium.Aggregator;
import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.MergeFigures;
import dev.tapestry.consortium.MergeFigures.Agreement;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.OuterOptimizer;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What merges measure, as the log tells it, against a computation of its own in plain loops. */
class MergeFiguresTest {

    /** Sums of a merge run in single precision, the test's in double. */
    private static final double CLOSE = 1e-5;

    @TempDir Path folder;

    @Test
    void figures_in_the_log_are_those_of_the_contributions_also_after_a_restart() {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 3, 2048)
                        .withMembers("ada", "bela", "chandra")) {
            stage.run(2, MergeRule.diLoCo(0.7, 0.5));
            Update first = update(stage, 1);
            stage.restart();
            stage.members.forEach(member -> member.scoreWell(1));
            stage.member(0).await(2, Phase.COLLECTING);
            stage.restart();
            Update second = update(stage, 2);
            RoundView scoring = stage.member(0).await(2, Phase.SCORING);

            List<MergeFigures> logged = figures(stage);
            assertThat(logged.get(0).whole().normRatio())
                    .as("three updates that are nearly orthogonal")
                    .isCloseTo(1.0 / 3, within(0.05));
            for (String group : List.of(MergeFigures.ALL, "EMBEDDING", "MLP", "NORM")) {
                Agreement one = of(logged.get(0), group);
                assertThat(one.normRatio()).isCloseTo(first.normRatio(group), within(CLOSE));
                assertThat(one.cosineWithPrevious()).isEmpty();
                assertThat(one.cosineWithMomentum()).isEmpty();

                Agreement two = of(logged.get(1), group);
                double[] delta = second.merged(group);
                double[] before = first.merged(group);
                assertThat(two.normRatio()).isCloseTo(second.normRatio(group), within(CLOSE));
                double cosine =
                        dot(delta, before) / Math.sqrt(dot(delta, delta) * dot(before, before));
                assertThat(two.cosineWithPrevious().orElseThrow()).isCloseTo(cosine, within(CLOSE));
                // b before the second merge is the first update.
                assertThat(two.cosineWithMomentum().orElseThrow()).isCloseTo(cosine, within(CLOSE));
                double c = dot(delta, before) / dot(delta, delta);
                assertThat(two.alignedGain().orElseThrow())
                        .isCloseTo(1 + 0.5 + 0.25 * c, within(CLOSE));
                assertThat(two.transverse().orElseThrow())
                        .isCloseTo(
                                Math.sqrt(dot(before, before) / dot(delta, delta) - c * c),
                                within(CLOSE));
            }
            assertThat(logged.get(1).agreement())
                    .extracting(Agreement::group)
                    .containsExactly(MergeFigures.ALL, "EMBEDDING", "MLP", "NORM");
            double[] whole = second.merged(MergeFigures.ALL);
            assertThat(logged.get(1).updateNorm())
                    .isCloseTo(Math.sqrt(dot(whole, whole)), within(CLOSE));
            assertThat(logged.get(1).learningRate()).isEqualTo(0.7);
            assertThat(logged.get(1).momentum()).contains(0.5);
            assertThat(scoring.figures()).as("in the view too").contains(logged.get(1));
        }
    }

    /** Federated averaging, which keeps nothing itself, and the heavy ball. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.9})
    void the_cosine_with_the_update_before_is_known_under_plain_rules(double momentum) {
        MergeRule rule =
                MergeRule.of(new OuterOptimizer.Sgd(1, momentum, false), new Aggregator.Mean());
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 3, 2048).withMembers("ada", "bela")) {
            stage.run(3, rule);
            Update before = update(stage, 1);
            for (int round = 2; round <= 3; round++) {
                int number = round - 1;
                stage.members.forEach(member -> member.scoreWell(number));
                Update update = update(stage, round);
                stage.member(0).await(round, Phase.SCORING);
                double[] delta = update.merged(MergeFigures.ALL);
                double[] last = before.merged(MergeFigures.ALL);
                assertThat(figures(stage).getLast().whole().cosineWithPrevious().orElseThrow())
                        .isCloseTo(
                                dot(delta, last) / Math.sqrt(dot(delta, delta) * dot(last, last)),
                                within(CLOSE));
                before = update;
            }
            stage.members.forEach(member -> member.scoreWell(3));
            stage.member(0).await(3, Phase.PUBLISHED);
            stage.stop();
            for (int round = 1; round <= 3; round++) {
                assertThat(VerifyMerge.of(stage.directory, new RoundNumber(round)))
                        .isInstanceOf(Matches.class);
            }
            assertThat(VerifyLog.of(stage.directory)).isInstanceOf(VerifyLog.Sound.class);
            stage.resume();
        }
    }

    @Test
    void a_candidate_that_is_rolled_back_leaves_the_update_that_made_the_base() {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 3, 2048).withMembers("ada", "bela")) {
            stage.run(2, MergeRule.fedAvg());
            Update first = update(stage, 1);
            stage.members.forEach(member -> member.scoreWell(1));
            update(stage, 2);
            RoundView worse = stage.member(0).await(2, Phase.SCORING);
            stage.members.forEach(m -> m.score(worse, 3, 2).as(200, Accepted.class));
            Update third = update(stage, 3);
            stage.member(0).await(3, Phase.SCORING);
            double[] delta = third.merged(MergeFigures.ALL);
            double[] last = first.merged(MergeFigures.ALL);
            assertThat(figures(stage).getLast().whole().cosineWithPrevious().orElseThrow())
                    .isCloseTo(
                            dot(delta, last) / Math.sqrt(dot(delta, delta) * dot(last, last)),
                            within(CLOSE));
        }
    }

    @Test
    void a_coordinator_that_says_other_figures_is_found_out() throws IOException {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 2, 2048).withMembers("ada", "bela")) {
            stage.run(1, MergeRule.diLoCo(0.7, 0.9));
            update(stage, 1);
            stage.members.forEach(member -> member.scoreWell(1));
            stage.member(0).await(1, Phase.PUBLISHED);
            stage.stop();
            ForgedLog log = new ForgedLog(stage.directory);
            log.tell(CandidateMerged.class, e -> with(e, MergeFiguresTest::moreAgreement));
            assertThat(VerifyMerge.of(stage.directory, new RoundNumber(1)))
                    .isInstanceOfSatisfying(
                            Differs.class,
                            it ->
                                    assertThat(it.differences())
                                            .singleElement()
                                            .asString()
                                            .startsWith("figures: the log has"));
            assertThat(VerifyLog.of(stage.directory))
                    .isInstanceOfSatisfying(
                            VerifyLog.Unsound.class,
                            it -> assertThat(it.detail()).contains("norm ratio of 0.99"));
            log.tell(CandidateMerged.class, e -> with(e, MergeFiguresTest::otherRate));
            assertThat(VerifyMerge.of(stage.directory, new RoundNumber(1)))
                    .isInstanceOf(Differs.class);
            log.tellTheTruth();
            assertThat(VerifyMerge.of(stage.directory, new RoundNumber(1)))
                    .isInstanceOf(Matches.class);
            stage.resume();
        }
    }

    private static CandidateMerged with(CandidateMerged event, UnaryOperator<MergeFigures> lie) {
        Candidate told = event.candidate();
        return new CandidateMerged(
                event.round(),
                new Candidate(
                        told.model(), told.momentum(), told.weights(), lie.apply(told.figures())),
                event.scoringClosesAt(),
                event.at());
    }

    private static MergeFigures moreAgreement(MergeFigures truth) {
        List<Agreement> agreement = new ArrayList<>(truth.agreement());
        agreement.set(
                0,
                new Agreement(
                        MergeFigures.ALL,
                        0.99,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()));
        return new MergeFigures(
                truth.learningRate(), truth.momentum(), truth.updateNorm(), agreement);
    }

    private static MergeFigures otherRate(MergeFigures truth) {
        return new MergeFigures(0.1, truth.momentum(), truth.updateNorm(), truth.agreement());
    }

    private static List<MergeFigures> figures(Stage stage) {
        return stage.events(CandidateMerged.class).stream()
                .map(event -> event.candidate().figures())
                .toList();
    }

    private static Agreement of(MergeFigures figures, String group) {
        return figures.agreement().stream()
                .filter(agreement -> agreement.group().equals(group))
                .findFirst()
                .orElseThrow();
    }

    /** All members of a stage take part; what they moved by, read from their own files. */
    private static Update update(Stage stage, int round) {
        List<Map<String, double[]>> members = new ArrayList<>();
        for (TestMember member : stage.members) {
            RoundPlan plan = member.await(round, Phase.COLLECTING).plan().orElseThrow();
            long seed = 100L * round + member.id.hashCode();
            members.add(moved(member.fetch(plan.base()), member.train(plan, seed)));
            member.takePart(round, seed);
        }
        return new Update(members);
    }

    /** By tensor, by how much it moved. */
    private static Map<String, double[]> moved(Path before, Path after) {
        try (ModelDirectory base = ModelDirectory.open(before);
                ModelDirectory trained = ModelDirectory.open(after)) {
            Map<String, double[]> all = new TreeMap<>();
            for (String tensor : base.tensors().keySet()) {
                MemorySegment from = base.data(tensor);
                MemorySegment to = trained.data(tensor);
                double[] by = new double[(int) base.tensor(tensor).elements()];
                for (int i = 0; i < by.length; i++) {
                    by[i] =
                            (double) from.getAtIndex(FloatConversion.FLOAT_LE, i)
                                    - to.getAtIndex(FloatConversion.FLOAT_LE, i);
                }
                all.put(tensor, by);
            }
            return all;
        }
    }

    /** The updates of a round under equal weights. */
    private record Update(List<Map<String, double[]>> members) {

        double[] merged(String group) {
            double[] mean = new double[member(0, group).length];
            for (int m = 0; m < members.size(); m++) {
                double[] update = member(m, group);
                for (int i = 0; i < mean.length; i++) {
                    mean[i] += update[i] / members.size();
                }
            }
            return mean;
        }

        double normRatio(String group) {
            double squared = 0;
            for (int m = 0; m < members.size(); m++) {
                squared += dot(member(m, group), member(m, group)) / members.size();
            }
            return dot(merged(group), merged(group)) / squared;
        }

        private double[] member(int index, String group) {
            Predicate<String> belongs =
                    tensor ->
                            switch (group) {
                                case "EMBEDDING" -> tensor.contains("embed_tokens");
                                case "MLP" -> tensor.contains(".mlp.");
                                case "NORM" -> tensor.equals("model.norm.weight");
                                default -> true;
                            };
            return members.get(index).entrySet().stream()
                    .filter(tensor -> belongs.test(tensor.getKey()))
                    .flatMapToDouble(tensor -> Arrays.stream(tensor.getValue()))
                    .toArray();
        }
    }

    private static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }
}
