package dev.tapestry.app.study.robustness;

import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.PlanRules;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a study compares; a strict YAML file. Every rule is tried without an attack too.
 *
 * @param conditions the same for all
 * @param attackers how many of the bad members attack; the others are then honest
 * @param seeds of data orders and noise
 * @param attacks no name twice
 * @param rules no name twice; the first one is what the others are compared to
 */
public record RobustnessPlan(
        Conditions conditions,
        List<Integer> attackers,
        List<Long> seeds,
        List<AttackPlan> attacks,
        List<RulePlan> rules) {

    /** The name of trials in which all are honest. */
    static final String NO_ATTACK = "none";

    /** An attack and its name. */
    record AttackPlan(String name, Attack attack) {
        AttackPlan {
            requireName("attack", name);
        }
    }

    /** A merge rule and its name. */
    record RulePlan(String name, MergeRule merge) {
        RulePlan {
            requireName("rule", name);
        }
    }

    /** Refuses a plan that cannot be run. */
    public RobustnessPlan {
        attackers = List.copyOf(attackers);
        seeds = List.copyOf(seeds);
        attacks = List.copyOf(attacks);
        rules = List.copyOf(rules);
        if (seeds.isEmpty() || rules.isEmpty()) {
            throw new IllegalArgumentException("a study has at least one seed and one rule");
        }
        for (int count : attackers) {
            if (count < 1 || count > conditions.bad().size()) {
                throw new IllegalArgumentException(
                        "attackers are 1 to %d, as many as there are bad members, not %d"
                                .formatted(conditions.bad().size(), count));
            }
        }
        requireWorking(rules, conditions.members().size(), attackers);
        Set<String> names = new HashSet<>(Set.of(NO_ATTACK));
        for (AttackPlan attack : attacks) {
            requireFirst(names, "attack", attack.name());
        }
        names.clear();
        for (RulePlan rule : rules) {
            requireFirst(names, "rule", rule.name());
        }
    }

    /** A round goes on without attackers whose contributions are refused. */
    private static void requireWorking(List<RulePlan> rules, int members, List<Integer> attackers) {
        int fewest = members - attackers.stream().mapToInt(Integer::intValue).max().orElse(0);
        for (RulePlan rule : rules) {
            PlanRules.refusal(rule.merge(), fewest)
                    .ifPresent(refusal -> {
                        throw new IllegalArgumentException(
                                "the rule %s would not work when all attackers are refused: %s, %s"
                                        .formatted(
                                                rule.name(), refusal.finding(), refusal.detail()));
                    });
        }
    }

    private static void requireName(String what, String name) {
        if (!name.matches("[a-z0-9][a-z0-9-]{0,30}")) {
            throw new IllegalArgumentException(
                    "the name of a %s is small letters, digits and hyphens, not '%s'"
                            .formatted(what, name));
        }
    }

    private static void requireFirst(Set<String> names, String what, String name) {
        if (!names.add(name)) {
            throw new IllegalArgumentException(
                    "the %s %s stands twice, or is called '%s', which is kept for no attack"
                            .formatted(what, name, NO_ATTACK));
        }
    }

    /** All trials; of each seed first those without an attack. */
    List<Trial> trials() {
        List<Trial> trials = new ArrayList<>();
        for (long seed : seeds) {
            rules.forEach(rule -> trials.add(trial(rule, Optional.empty(), 0, seed)));
            for (int count : attackers) {
                for (AttackPlan attack : attacks) {
                    rules.forEach(
                            rule -> trials.add(trial(rule, Optional.of(attack), count, seed)));
                }
            }
        }
        return trials;
    }

    /** One trial; of no attackers where there is no attack. */
    Trial trial(RulePlan rule, Optional<AttackPlan> attack, int attackers, long seed) {
        return new Trial(
                rule.name(),
                attack.map(AttackPlan::name).orElse(NO_ATTACK),
                rule.merge(),
                attack.map(AttackPlan::attack),
                conditions.bad().subList(0, attackers),
                conditions,
                seed);
    }
}
