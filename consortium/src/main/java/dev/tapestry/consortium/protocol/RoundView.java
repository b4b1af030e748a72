package dev.tapestry.consortium.protocol;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeFigures;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Where the loop is, as a node sees it.
 *
 * @param version grows with every event; ask for what comes after it
 * @param phase of the latest round
 * @param plan of the latest round; empty while {@code phase} is {@code IDLE} and none was announced
 * @param planDigest digest of the plan's canonical JSON
 * @param candidate the merged model; from {@code SCORING} on
 * @param figures what its merge measured; where {@code candidate} is
 * @param base the shared base now
 * @param awaited members for whom the round is waiting
 * @param deadline when the waiting ends
 * @param roundsPublished bases published by the current run
 * @param roundsPlanned bases that the current run will publish; 0 while nothing runs
 * @param ending how the latest run ended; empty while one is under way and before the first
 * @param reason why the latest round ended without a new base, and why a run that is under way
 *     begins no other; or empty
 * @param late earlier rounds to which contributions are still taken, into the one that collects
 */
public record RoundView(
        long version,
        Phase phase,
        Optional<RoundPlan> plan,
        Optional<Digest> planDigest,
        Optional<Digest> candidate,
        Optional<MergeFigures> figures,
        Optional<Digest> base,
        List<MemberId> awaited,
        Optional<Instant> deadline,
        int roundsPublished,
        int roundsPlanned,
        String ending,
        String reason,
        List<LateWindow> late) {

    public RoundView {
        awaited = List.copyOf(awaited);
        late = List.copyOf(late);
    }

    /** Until when contributions to a round that has closed are taken. */
    public record LateWindow(RoundNumber round, Instant until) {}

    /** The states of a round, and one for no round yet. */
    public enum Phase {
        IDLE,
        COLLECTING,
        MERGING,
        SCORING,
        PUBLISHED,
        ROLLED_BACK,
        ABANDONED
    }
}
