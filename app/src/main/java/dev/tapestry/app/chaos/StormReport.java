package dev.tapestry.app.chaos;

import dev.tapestry.app.chaos.Storm.Tally;
import dev.tapestry.consortium.Digest;
import java.util.List;
import java.util.Map;

/**
 * What came of a storm.
 *
 * @param seed of everything that was drawn
 * @param minutes that it took
 * @param kills processes that were killed, by themselves or in the middle of a write; both at once
 *     count once
 * @param cuts of lines
 * @param corruptions bytes that were changed, in files or on lines
 * @param powerCuts after which only what was flushed was left
 * @param stalls of lines
 * @param slowings of lines
 * @param rounds that published a base
 * @param lost what members were told to be kept and is not there
 * @param digestEqual whether all bases are those of a run that nobody disturbed
 * @param unverified commands of verification that failed
 * @param lastBase digest of the last base
 */
record StormReport(
        long seed,
        double minutes,
        int kills,
        int cuts,
        int corruptions,
        int powerCuts,
        int fullDisks,
        int readOnlyDisks,
        int stalls,
        int slowings,
        int rounds,
        int lost,
        boolean digestEqual,
        List<String> unverified,
        String lastBase,
        int members,
        int processors,
        String commit) {

    StormReport {
        unverified = List.copyOf(unverified);
    }

    static StormReport of(
            String commit,
            ChaosRun run,
            double minutes,
            int rounds,
            Map<Tally, Integer> counts,
            List<String> lost,
            boolean equal,
            Digest lastBase,
            List<String> unverified) {
        return new StormReport(
                run.seed(),
                Math.round(minutes * 10) / 10.0,
                counts.getOrDefault(Tally.KILLS, 0),
                counts.getOrDefault(Tally.CUTS, 0),
                counts.getOrDefault(Tally.CORRUPTIONS, 0),
                counts.getOrDefault(Tally.POWER_CUTS, 0),
                counts.getOrDefault(Tally.FULL_DISKS, 0),
                counts.getOrDefault(Tally.READ_ONLY_DISKS, 0),
                counts.getOrDefault(Tally.STALLS, 0),
                counts.getOrDefault(Tally.SLOW, 0),
                rounds,
                lost.size(),
                equal,
                unverified,
                lastBase.hex(),
                run.members().size(),
                Runtime.getRuntime().availableProcessors(),
                commit);
    }

    /** Whether everything was borne. */
    boolean sound() {
        return lost == 0 && digestEqual && unverified.isEmpty();
    }

    /** For people. */
    String text() {
        return """
        %d rounds with %d members in %.1f minutes on %d processors, seed %d, commit %s:
        processes killed %d times, power cut %d times (what was not flushed is gone), disks full %d times and read-only %d times;
        lines cut %d times, standing still %d times, slow %d times; %d bytes changed, in files and on lines.
        %s
        %s
        %s%s
        """
                .formatted(
                        rounds,
                        members,
                        minutes,
                        processors,
                        seed,
                        commit,
                        kills,
                        powerCuts,
                        fullDisks,
                        readOnlyDisks,
                        cuts,
                        stalls,
                        slowings,
                        corruptions,
                        lost == 0
                                ? "Nothing lost: what members were told to be kept stands in the log."
                                : lost + " things LOST that members were told to be kept.",
                        digestEqual
                                ? "All bases are those of the undisturbed run, bit by bit; the last is "
                                        + lastBase
                                        + "."
                                : "NOT all bases are those of the undisturbed run.",
                        unverified.isEmpty()
                                ? "All logs verify, each node's bears the coordinator's out, and the last merge is right."
                                : "Verification failed: " + unverified,
                        kills + powerCuts == 0
                                ? "\nNo kill was drawn, so these figures say nothing of killed processes; longer runs (--minutes) draw some."
                                : "");
    }
}
