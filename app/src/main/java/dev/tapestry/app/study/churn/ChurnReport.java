package dev.tapestry.app.study.churn;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * How consortia fared by each rule.
 *
 * @param settings that they had in common
 * @param firstSeed of so many in a row
 * @param seeds how many
 * @param rules one row for each
 */
record ChurnReport(ChurnSettings settings, long firstSeed, int seeds, List<Row> rules) {

    ChurnReport {
        rules = List.copyOf(rules);
    }

    /**
     * What the consortia of one rule did; means over them unless it says otherwise.
     *
     * @param complete share of the runs that published all their bases
     * @param hoursPerBase of the complete ones: the median, and the longest
     * @param contributions that were made
     * @param shares of them that ended in each way
     * @param meanStaleness of what was merged late
     * @param mostStale of all
     * @param largestWeight of all
     * @param fastIdle share of its time that the fastest quarter waited
     * @param lapses in a run
     */
    record Row(
            StragglerRule rule,
            double complete,
            Hours hoursPerBase,
            double contributions,
            SortedMap<Fate, Double> shares,
            double meanStaleness,
            int mostStale,
            double largestWeight,
            double fastIdle,
            double lapses) {

        Row {
            shares = new TreeMap<>(shares);
        }

        static Row of(StragglerRule rule, List<ChurnOutcome> outcomes) {
            SortedMap<Fate, Integer> fates =
                    ChurnOutcome.sum(outcomes.stream().map(ChurnOutcome::fates).toList());
            SortedMap<Integer, Integer> staleness =
                    ChurnOutcome.sum(outcomes.stream().map(ChurnOutcome::staleness).toList());
            double made = fates.values().stream().mapToInt(Integer::intValue).sum();
            SortedMap<Fate, Double> shares = new TreeMap<>();
            for (Fate fate : Fate.values()) {
                shares.put(fate, fates.getOrDefault(fate, 0) / made);
            }
            int late = staleness.values().stream().mapToInt(Integer::intValue).sum();
            double behind =
                    staleness.entrySet().stream()
                            .mapToDouble(entry -> (double) entry.getKey() * entry.getValue())
                            .sum();
            return new Row(
                    rule,
                    mean(outcomes, outcome -> outcome.bases() > 0 ? 1 : 0),
                    Hours.of(outcomes),
                    made / outcomes.size(),
                    shares,
                    late == 0 ? 0 : behind / late,
                    staleness.isEmpty() ? 0 : staleness.lastKey(),
                    outcomes.stream().mapToDouble(ChurnOutcome::largestWeight).max().orElseThrow(),
                    mean(outcomes, ChurnOutcome::fastIdle),
                    mean(outcomes, ChurnOutcome::lapses));
        }

        private static double mean(
                List<ChurnOutcome> outcomes, ToDoubleFunction<ChurnOutcome> figure) {
            return outcomes.stream().mapToDouble(figure).average().orElseThrow();
        }
    }

    /** Hours from base to base; 0 where no run was complete. */
    record Hours(double median, double longest) {

        static Hours of(List<ChurnOutcome> outcomes) {
            double[] sorted =
                    outcomes.stream()
                            .filter(outcome -> outcome.bases() > 0)
                            .mapToDouble(outcome -> outcome.hours() / outcome.bases())
                            .sorted()
                            .toArray();
            return sorted.length == 0
                    ? new Hours(0, 0)
                    : new Hours(sorted[sorted.length / 2], sorted[sorted.length - 1]);
        }
    }

    /** For people, as Markdown. */
    String table() {
        List<String> lines = new ArrayList<>();
        lines.add(
                "| rule | runs complete | hours a base: median (longest) | contributions | in time | late (bases behind: mean, most) | refused | under way at the end | largest weight | fast members wait | lapses |");
        lines.add("|---|---|---|---|---|---|---|---|---|---|---|");
        for (Row row : rules) {
            lines.add(
                    String.format(
                            Locale.ROOT,
                            "| %s | %.1f %% | %.2f (%.2f) | %.1f | %.1f %% | %.1f %% (%.2f, %d) | %.2f %% | %.1f %% | %.3f | %.1f %% | %.1f |",
                            row.rule().name().toLowerCase(Locale.ROOT),
                            100 * row.complete(),
                            row.hoursPerBase().median(),
                            row.hoursPerBase().longest(),
                            row.contributions(),
                            100 * share(row, Fate.IN_TIME),
                            100 * share(row, Fate.LATE),
                            row.meanStaleness(),
                            row.mostStale(),
                            100 * share(row, Fate.REFUSED),
                            100 * share(row, Fate.UNDER_WAY),
                            row.largestWeight(),
                            100 * row.fastIdle(),
                            row.lapses()));
        }
        return String.join("\n", lines);
    }

    private static double share(Row row, Fate fate) {
        return row.shares().getOrDefault(fate, 0.0);
    }
}
