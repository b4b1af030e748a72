package dev.tapestry.app.study.builds;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which builds are studied; a strict YAML file.
 *
 * @param seeds the first one is also the one on which rates are chosen
 * @param builds no plan's name twice
 */
record BuildsPlan(List<Long> seeds, List<Studied> builds) {

    /**
     * A build.
     *
     * @param plan its file, relative to this one; a base that it names is there
     * @param rates peak learning rates of its first stage that are tried
     * @param scratchRates likewise where it begins with random weights
     * @param replay shares that are tried with every rate, on the first seed and for the first
     *     stage alone: what is gained and what is lost; none for no curve
     */
    record Studied(
            String plan, List<Double> rates, List<Double> scratchRates, List<Double> replay) {
        Studied {
            rates = rates.stream().sorted().distinct().toList();
            scratchRates = scratchRates.stream().sorted().distinct().toList();
            replay = replay.stream().sorted().distinct().toList();
            if (rates.isEmpty() || scratchRates.isEmpty()) {
                throw new IllegalArgumentException(
                        plan + ": rates and scratchRates name at least one each");
            }
        }
    }

    BuildsPlan {
        seeds = List.copyOf(seeds);
        builds = List.copyOf(builds);
        if (seeds.isEmpty()) {
            throw new IllegalArgumentException("seeds: name at least one");
        }
        Set<String> plans = new HashSet<>();
        for (Studied build : builds) {
            if (!plans.add(build.plan())) {
                throw new IllegalArgumentException("builds: " + build.plan() + " stands twice");
            }
        }
    }
}
