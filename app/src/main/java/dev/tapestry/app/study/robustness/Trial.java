package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.CellStore;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import java.util.List;
import java.util.Optional;

/**
 * One rule under one attack: everything that decides what comes out, but the kind of processor.
 *
 * @param rule its name
 * @param attack its name
 * @param how empty where all are honest
 * @param attackers who attacks
 */
record Trial(
        String rule,
        String attack,
        MergeRule merge,
        Optional<Attack> how,
        List<MemberId> attackers,
        Conditions conditions,
        long seed)
        implements CellStore.Named {

    Trial {
        attackers = List.copyOf(attackers);
    }

    @Override
    public String name() {
        return "%s-%s-%d-%d".formatted(rule, attack, attackers.size(), seed);
    }
}
