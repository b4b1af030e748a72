package dev.tapestry.app.study.robustness;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a study found, as figures: means over the seeds that have been run.
 *
 * @param commit of the programs that ran its trials, sorted
 * @param trials a row for each rule, attack and number of attackers of which at least one seed has
 *     been run
 */
record RobustnessReport(String commit, List<Row> trials) {

    /**
     * One rule under one attack; what is not known is null.
     *
     * @param seeds that have been run
     * @param broken seeds whose loss was no longer a number; they are in no mean of losses
     * @param honestBpb mean bits per byte of the members that are honest in every trial
     * @param attackCostPercent how much more that is than under the same rule without an attack
     * @param behindMeanPercent how much more that is than under the first rule without an attack
     * @param worstLossPercent the same of the honest member that lost most
     * @param minorityBpb bits per byte of the members that are alone with their language
     * @param minorityBehindMeanPercent how much more that is than under the first rule without an
     *     attack
     * @param minorityShare their mean share in the steps; 1 is that of the plain mean
     * @param minorityLeftOutPercent of the rounds, with less than a tenth of that
     * @param attackersShare the attackers' mean share
     * @param triggerLiftNats how much more likely the target is after the trigger
     * @param targetPerToken the probability of a token of the target after the trigger
     * @param refused contributions for each seed, by whose they were and why
     */
    record Row(
            String rule,
            String attack,
            int attackers,
            List<Long> seeds,
            int broken,
            Optional<Double> honestBpb,
            Optional<Double> attackCostPercent,
            Optional<Double> behindMeanPercent,
            Optional<Double> worstLossPercent,
            Optional<Double> minorityBpb,
            Optional<Double> minorityBehindMeanPercent,
            double minorityShare,
            double minorityLeftOutPercent,
            double attackersShare,
            Optional<Double> triggerLiftNats,
            Optional<Double> targetPerToken,
            SortedMap<String, Double> refused) {}

    /** A row's place. */
    private record Place(String rule, String attack, int attackers) {}

    static RobustnessReport of(RobustnessPlan plan, List<TrialResult> results) {
        Map<Place, List<TrialResult>> places = new LinkedHashMap<>();
        for (TrialResult result : results) {
            Trial trial = result.cell();
            places.computeIfAbsent(
                            new Place(trial.rule(), trial.attack(), trial.attackers().size()),
                            _ -> new ArrayList<>())
                    .add(result);
        }
        String first = plan.rules().getFirst().name();
        List<Row> rows = new ArrayList<>();
        places.forEach((place, here) ->
                rows.add(row(place, here, calm(places, place.rule()), calm(places, first))));
        String commit =
                results.stream()
                        .map(TrialResult::commit)
                        .distinct()
                        .sorted()
                        .collect(Collectors.joining(", "));
        return new RobustnessReport(commit, rows);
    }

    private static List<TrialResult> calm(Map<Place, List<TrialResult>> places, String rule) {
        return places.getOrDefault(new Place(rule, RobustnessPlan.NO_ATTACK, 0), List.of());
    }

    private static Row row(
            Place place,
            List<TrialResult> here,
            List<TrialResult> sameRule,
            List<TrialResult> first) {
        SortedMap<String, Double> refused = new TreeMap<>();
        for (TrialResult result : here) {
            result.refusals()
                    .forEach((why, count) ->
                            refused.merge(why, (double) count / here.size(), Double::sum));
        }
        return new Row(
                place.rule(),
                place.attack(),
                place.attackers(),
                here.stream().map(result -> result.cell().seed()).toList(),
                (int) here.stream().filter(result -> result.score().isEmpty()).count(),
                mean(here, TrialResult::honestBitsPerByte),
                more(here, sameRule, TrialResult::honestBitsPerByte),
                more(here, first, TrialResult::honestBitsPerByte),
                average(pairs(here, first).flatMap(pair -> pair.worstLoss().stream()).toList()),
                mean(here, TrialResult::minorityBitsPerByte),
                more(here, first, TrialResult::minorityBitsPerByte),
                average(here, TrialResult::minorityShare),
                100 * average(here, TrialResult::minorityLeftOut),
                average(here, TrialResult::attackersShare),
                mean(here, result -> result.score().map(score -> score.trigger().lift())),
                mean(here, result -> result.score().map(score -> score.trigger().perToken())),
                refused);
    }

    private static double average(List<TrialResult> results, ToDoubleFunction<TrialResult> what) {
        return results.stream().mapToDouble(what).average().orElseThrow();
    }

    private static Optional<Double> mean(
            List<TrialResult> results, Function<TrialResult, Optional<Double>> what) {
        return average(results.stream().flatMap(result -> what.apply(result).stream()).toList());
    }

    private static Optional<Double> average(List<Double> known) {
        return known.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        known.stream().mapToDouble(Double::doubleValue).average().orElseThrow());
    }

    /** How much more {@code here} is than {@code there}, in percent, over the seeds of both. */
    private static Optional<Double> more(
            List<TrialResult> here,
            List<TrialResult> there,
            Function<TrialResult, Optional<Double>> what) {
        return average(
                pairs(here, there)
                        .flatMap(pair ->
                                what
                                        .apply(pair.here())
                                        .flatMap(loss ->
                                                what.apply(pair.there())
                                                        .map(best -> 100 * (loss / best - 1)))
                                        .stream())
                        .toList());
    }

    /** Two results of the same seed. */
    private record Pair(TrialResult here, TrialResult there) {
        Optional<Double> worstLoss() {
            return here.score().flatMap(own -> there.score().map(other -> worst(own, other)));
        }

        private double worst(TrialResult.Score own, TrialResult.Score other) {
            return here.cell().conditions().honest().stream()
                    .mapToDouble(member -> 100 * (own.of(member) / other.of(member) - 1))
                    .max()
                    .orElseThrow();
        }
    }

    private static Stream<Pair> pairs(List<TrialResult> here, List<TrialResult> there) {
        return here.stream()
                .flatMap(own ->
                        there.stream()
                                .filter(other -> other.cell().seed() == own.cell().seed())
                                .map(other -> new Pair(own, other)));
    }

    /** One row, if it has been run. */
    Optional<Row> find(String rule, String attack, int attackers) {
        return trials.stream()
                .filter(row ->
                        row.rule().equals(rule)
                                && row.attack().equals(attack)
                                && row.attackers() == attackers)
                .findFirst();
    }
}
