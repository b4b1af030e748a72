package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.RunStarted;
import dev.tapestry.consortium.ConsortiumEvent.RunStopped;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.PlanRules;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.weights.ModelDirectory;
import java.time.InstantSource;
import java.util.List;

/**
 * What the steward may do besides issuing tokens: begin a run, stop it, revoke a member.
 * Thread-safe.
 */
final class StewardDesk {

    private static final int LONGEST_REASON = 1_000;

    private final Ledger ledger;
    private final ModelStore models;
    private final InstantSource clock;

    StewardDesk(Ledger ledger, ModelStore models, InstantSource clock) {
        this.ledger = ledger;
        this.models = models;
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
        requireFit(plan, state.base().get());
        return List.of(new RunStarted(plan, clock.instant()));
    }

    /** Or every node would find out for itself that it cannot train this. */
    private void requireFit(RunPlan plan, Digest base) {
        int asked = plan.training().sequenceLength();
        models.directory(base)
                .map(ModelDirectory::contextTokens)
                .filter(longest -> longest.orElse(asked) < asked)
                .ifPresent(longest -> {
                    throw new ApiRefusal(
                            ApiCode.PLAN_REFUSED,
                            "SEQUENCE_TOO_LONG: training.sequenceLength is %d; the base takes at most %d tokens (max_position_embeddings)"
                                    .formatted(asked, longest.getAsInt()));
                });
    }

    /**
     * Ends the run under way, and the round with it: its contributions are not merged.
     *
     * @throws ApiRefusal {@code NO_RUN}, {@code BAD_REQUEST} for a reason that is missing or too
     *     long
     */
    Accepted stop(String reason) {
        requireReason(reason);
        return accepted(
                ledger.change(state -> {
                    if (state.run().isEmpty()) {
                        throw new ApiRefusal(ApiCode.NO_RUN, "no run is under way");
                    }
                    return List.of(new RunStopped(reason, clock.instant()));
                }));
    }

    /**
     * Revokes a member and withdraws its unused tokens, also those of one that never enrolled; once
     * is enough.
     *
     * @throws ApiRefusal {@code NO_SUCH_MEMBER}, {@code BAD_REQUEST} for a reason that is missing
     *     or too long
     */
    Accepted revoke(MemberId member, String reason) {
        requireReason(reason);
        return accepted(ledger.change(state -> revoked(state, member, reason)));
    }

    private static void requireReason(String reason) {
        if (reason.isBlank() || reason.length() > LONGEST_REASON) {
            throw new ApiRefusal(
                    ApiCode.BAD_REQUEST, "a reason has 1 to " + LONGEST_REASON + " characters");
        }
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
