package dev.tapestry.app.study.builds;

import dev.tapestry.app.report.LinePlot;
import dev.tapestry.app.study.Gap;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * What a study of builds found, as figures; bits per byte and per cent.
 *
 * @param commits of the programs that ran its cells
 * @param builds that have at least one seed
 */
record BuildsReport(String commits, List<Row> builds) {

    /**
     * A number over the seeds.
     *
     * @param mean of them
     * @param low end of the mean's 95 % confidence interval (Student's t); absent with one seed
     * @param high its other end
     */
    record Spread(double mean, Optional<Double> low, Optional<Double> high) {
        static Spread of(List<Double> values) {
            Gap gap = Gap.of(values);
            Optional<Double> high = Optional.of(gap.high()).filter(Double::isFinite);
            return new Spread(gap.percent(), high.map(end -> 2 * gap.percent() - end), high);
        }
    }

    /**
     * A build.
     *
     * @param base bits per byte of the base on the member's text
     * @param own of the model at the end
     * @param rate the learning rate that was best on the first seed, of {@code rates}
     * @param gain per cent by which the model's loss is lower than the base's
     * @param firstGain likewise after the first stage
     * @param retentionLoss per cent by which the loss on what the base knew is higher, at the end
     * @param firstRetentionLoss likewise after the first stage
     * @param scratch bits per byte of a model of random weights that had the same stages alone
     * @param scratchRate of {@code scratchRates}
     * @param aheadOfScratch per cent by which the model's loss is lower than that, seed by seed
     * @param curve the first stage by share of replay and rate, on the first seed
     */
    record Row(
            String name,
            List<Long> seeds,
            double base,
            Spread own,
            double rate,
            List<Double> rates,
            Spread gain,
            Spread firstGain,
            Spread retentionLoss,
            Spread firstRetentionLoss,
            Optional<Spread> scratch,
            Optional<Double> scratchRate,
            List<Double> scratchRates,
            Optional<Spread> aheadOfScratch,
            List<Trade> curve) {}

    /** A point of the curve: what a share of replay and a rate gain, and what they lose. */
    record Trade(double replay, double rate, double gain, double retentionLoss) {}

    static BuildsReport of(BuildsPlan plan, List<Study.Known> known) {
        List<Row> rows = new ArrayList<>();
        for (int place = 0; place < known.size(); place++) {
            if (!known.get(place).built().isEmpty()) {
                rows.add(row(plan.builds().get(place), known.get(place)));
            }
        }
        String commits =
                known.stream()
                        .flatMap(one -> one.built().stream())
                        .map(Outcome::commit)
                        .distinct()
                        .sorted()
                        .collect(Collectors.joining(", "));
        return new BuildsReport(commits, rows);
    }

    private static Row row(BuildsPlan.Studied studied, Study.Known known) {
        List<Outcome> built = known.built();
        List<Outcome> scratch = known.scratch();
        List<Double> ahead = paired(built, scratch, (mine, other) -> -Gap.percent(mine, other));
        return new Row(
                known.name(),
                built.stream().map(outcome -> outcome.cell().seed()).toList(),
                built.getFirst().before().own(),
                spread(built, outcome -> outcome.after().own()),
                built.getFirst().cell().rate(),
                studied.rates(),
                spread(built, outcome -> outcome.after().gainPercent(outcome.before())),
                spread(built, Outcome::firstGainPercent),
                spread(
                        built,
                        outcome ->
                                outcome.after()
                                        .retentionLossPercent(outcome.before())
                                        .orElse(Double.NaN)),
                spread(built, Outcome::firstRetentionLossPercent),
                scratch.isEmpty()
                        ? Optional.empty()
                        : Optional.of(spread(scratch, outcome -> outcome.after().own())),
                scratch.stream().findFirst().map(outcome -> outcome.cell().rate()),
                studied.scratchRates(),
                ahead.isEmpty() ? Optional.empty() : Optional.of(Spread.of(ahead)),
                known.curve().stream().map(BuildsReport::trade).toList());
    }

    private static Trade trade(Outcome outcome) {
        return new Trade(
                outcome.cell().way() instanceof Cell.Way.Replayed replayed ? replayed.share() : 0,
                outcome.cell().rate(),
                outcome.firstGainPercent(),
                outcome.firstRetentionLossPercent());
    }

    private static Spread spread(List<Outcome> outcomes, ToDoubleFunction<Outcome> figure) {
        return Spread.of(outcomes.stream().map(figure::applyAsDouble).toList());
    }

    /** Own losses of both where both have the seed. */
    private static List<Double> paired(
            List<Outcome> built, List<Outcome> scratch, BiFunction<Double, Double, Double> figure) {
        List<Double> found = new ArrayList<>();
        for (Outcome mine : built) {
            scratch.stream()
                    .filter(other -> other.cell().seed() == mine.cell().seed())
                    .findFirst()
                    .ifPresent(other ->
                            found.add(figure.apply(mine.after().own(), other.after().own())));
        }
        return found;
    }

    /** What replay and rate trade: a line for each share, along the rates. */
    Optional<LinePlot> curve(Row row) {
        SortedMap<Double, List<LinePlot.Point>> lines = new TreeMap<>();
        for (Trade trade : row.curve()) {
            lines.computeIfAbsent(trade.replay(), _ -> new ArrayList<>())
                    .add(new LinePlot.Point(trade.gain(), trade.retentionLoss()));
        }
        return lines.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new LinePlot(
                                row.name() + ": what is gained, and what is forgotten",
                                "lower loss on the own text, per cent",
                                "higher loss on the base's text, per cent",
                                lines.entrySet().stream()
                                        .map(line ->
                                                new LinePlot.Line(
                                                        "replay " + line.getKey(),
                                                        line.getValue(),
                                                        false))
                                        .toList()));
    }
}
