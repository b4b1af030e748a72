package dev.tapestry.app.study.parity;

import dev.tapestry.app.study.parity.StudyPlan.ArmPlan;
import java.util.List;
import java.util.Optional;

/**
 * What is known of an arm.
 *
 * @param tuning its first seed, by rate
 * @param chosen the rate with which the first seed ended lowest; once all have been tried
 * @param seeds what came out with it
 */
record ArmResult(
        ArmPlan arm, List<CellResult> tuning, Optional<Double> chosen, List<CellResult> seeds) {

    ArmResult {
        tuning = List.copyOf(tuning);
        seeds = List.copyOf(seeds);
    }

    /** The mean of all seeds so far and of members. */
    double meanBitsPerByte() {
        return seeds.stream().mapToDouble(CellResult::meanBitsPerByte).average().orElseThrow();
    }

    /** What came out with one seed. */
    Optional<CellResult> of(long seed) {
        return seeds.stream().filter(result -> result.cell().seed() == seed).findFirst();
    }

    /**
     * Whether the best rate is the lowest or highest that was tried, so that a better one may lie
     * beyond.
     */
    boolean atTheEdge() {
        List<Double> rates = arm.rates();
        return rates.size() > 1
                && chosen.isPresent()
                && (chosen.get().equals(rates.getFirst()) || chosen.get().equals(rates.getLast()));
    }
}
