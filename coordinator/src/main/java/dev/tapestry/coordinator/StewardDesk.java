package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.RunStarted;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.PlanRules;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.protocol.Accepted;
import java.time.InstantSource;
import java.util.List;

/** What the steward may do besides issuing tokens: begin a run, revoke a member. Thread-safe. */
final class StewardDesk {

    private static final int LONGEST_REASON = 1_000;

    private final Ledger ledger;
    private final InstantSource clock;

    StewardDesk(Ledger ledger, InstantSource clock) {
        this.ledger = ledger;
        this.clock = clock;
    }

    /**
     * Begins a run.
     *
     * @throws ApiRefusal {@code RUN_UNDER_WAY}, {@code NO_BASE}, {@code PLAN_REFUSED}
     */
    Accepted begin(RunPlan plan) {
        return accepted(ledger.change(state -> started(state, plan)));
    }

    private List<ConsortiumEvent> started(Consortium state, RunPlan plan) {
        if (state.run().isPresent()) {
            throw new ApiRefusal(
                    ApiCode.RUN_UNDER_WAY,
                    "a run of %d rounds has published %d"
                            .formatted(
                                    state.run().get().plan().rounds(),
                                    state.run().get().published()));
        }
        if (state.base().isEmpty()) {
            throw new ApiRefusal(
                    ApiCode.NO_BASE, "the consortium has no base; adopt one at the coordinator");
        }
        PlanRules.refusal(plan, state.charter())
                .ifPresent(refusal -> {
                    throw new ApiRefusal(
                            ApiCode.PLAN_REFUSED, refusal.finding() + ": " + refusal.detail());
                });
        return List.of(new RunStarted(plan, clock.instant()));
    }

    /**
     * Revokes a member and withdraws its unused tokens, also those of one that never enrolled; once
     * is enough.
     *
     * @throws ApiRefusal {@code NO_SUCH_MEMBER}, {@code BAD_REQUEST} for a reason that is missing
     *     or too long
     */
    Accepted revoke(MemberId member, String reason) {
        if (reason.isBlank() || reason.length() > LONGEST_REASON) {
            throw new ApiRefusal(
                    ApiCode.BAD_REQUEST, "a reason has 1 to " + LONGEST_REASON + " characters");
        }
        return accepted(ledger.change(state -> revoked(state, member, reason)));
    }

    private List<ConsortiumEvent> revoked(Consortium state, MemberId member, String reason) {
        if (!state.members().containsKey(member) && !state.revocable(member)) {
            throw new ApiRefusal(
                    ApiCode.NO_SUCH_MEMBER, member + " was never enrolled and has no unused token");
        }
        return state.revocation(member, reason, clock.instant());
    }

    private static Accepted accepted(Ledger.Change change) {
        return new Accepted(change.after().version());
    }
}
