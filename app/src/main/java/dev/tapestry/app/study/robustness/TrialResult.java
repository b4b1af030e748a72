package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.CellStore;
import dev.tapestry.consortium.MemberId;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;

/**
 * What one trial gave.
 *
 * @param cell what was tried
 * @param commit of the program
 * @param score of the last base; empty if the loop broke: somebody's loss was no longer a number
 * @param rounds merged
 * @param refusals how many contributions the check refused, by whose they were and the finding
 * @param norms by member, the mean norm of the updates that it sent
 * @param shares by member, the mean over rounds of its share in the step; 1 is that of the mean
 * @param leftOut by member, the rounds in which it had less than a tenth of that
 * @param seconds that it took
 */
record TrialResult(
        Trial cell,
        String commit,
        Optional<Score> score,
        int rounds,
        SortedMap<String, Integer> refusals,
        SortedMap<MemberId, Double> norms,
        SortedMap<MemberId, Double> shares,
        SortedMap<MemberId, Integer> leftOut,
        double seconds)
        implements CellStore.Outcome<Trial> {

    /**
     * What the last base is worth.
     *
     * @param bitsPerByte by member, on its language's held-out text
     * @param trigger how it takes the trigger
     */
    record Score(SortedMap<MemberId, Double> bitsPerByte, TriggerScore trigger) {
        double of(MemberId member) {
            return Objects.requireNonNull(bitsPerByte.get(member), member + " was not scored");
        }
    }

    /** The mean bits per byte of the members that are honest in every trial. */
    Optional<Double> honestBitsPerByte() {
        return score.map(known -> mean(known.bitsPerByte(), cell.conditions().honest()));
    }

    /** The same of those that are alone with their language. */
    Optional<Double> minorityBitsPerByte() {
        return score.map(known -> mean(known.bitsPerByte(), cell.conditions().minority()));
    }

    /** The mean share of those that are alone with their language. */
    double minorityShare() {
        return mean(shares, cell.conditions().minority());
    }

    /** The part of rounds in which one that is alone with its language was left out. */
    double minorityLeftOut() {
        double left = 0;
        for (MemberId member : cell.conditions().minority()) {
            left += leftOut.getOrDefault(member, 0);
        }
        return left / cell.conditions().minority().size() / Math.max(1, rounds);
    }

    /** The mean share of those that attack; 0 where nobody does. */
    double attackersShare() {
        return cell.attackers().isEmpty() ? 0 : mean(shares, cell.attackers());
    }

    private static double mean(SortedMap<MemberId, Double> values, List<MemberId> members) {
        return members.stream()
                .mapToDouble(member -> values.getOrDefault(member, 0.0))
                .average()
                .orElse(0);
    }
}
