package dev.tapestry.consortium;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.Set;

/** What can reach a round from outside; {@link RoundRules#decide} turns it into events. */
public sealed interface RoundInput {

    /** When it arrived. */
    Instant at();

    /** A contribution whose files are complete and whose tensors the validator found sound. */
    record Contributed(Contribution contribution, Instant at) implements RoundInput {}

    /** A contribution that was found unsound. */
    record Unsound(MemberId member, Refusal refusal, Instant at) implements RoundInput {}

    /** What was admitted of a member is not on the coordinator's disk as it was admitted. */
    record Lost(MemberId member, String reason, Instant at) implements RoundInput {}

    /** A member was revoked. */
    record Revoked(MemberId member, Instant at) implements RoundInput {}

    /** The merge is done. */
    record Merged(Candidate candidate, Instant at) implements RoundInput {}

    /** The merge cannot be done. */
    record MergeFailed(String reason, Instant at) implements RoundInput {}

    /** A member's score of the candidate. */
    record Scored(MemberId member, Score score, Instant at) implements RoundInput {}

    /**
     * These members have not advanced for the charter's lease: no step, no byte.
     *
     * @param members at least those; others do not matter
     * @param away members that a lease lapsed of before, and of which nothing came since; {@link
     *     Consortium#decide} knows them
     */
    record Silent(Set<MemberId> members, Set<MemberId> away, Instant at) implements RoundInput {
        public Silent {
            members = Set.copyOf(members);
            away = Set.copyOf(away);
        }

        /** The same, whoever is away. */
        public Silent(Set<MemberId> members, Instant at) {
            this(members, Set.of(), at);
        }
    }

    /**
     * Nothing happened but time.
     *
     * @param heard what was last heard of members that are awaited, for the reason of a round that
     *     is abandoned without them
     */
    record TimePassed(Instant at, Map<MemberId, String> heard) implements RoundInput {
        public TimePassed {
            heard = Map.copyOf(heard);
        }

        /** The same where nothing was heard of anybody. */
        public TimePassed(Instant at) {
            this(at, Map.of());
        }
    }

    /**
     * Why a contribution cannot be merged.
     *
     * @param finding stable code
     * @param detail which value was found, and what to do. It may quote what a member sent, and it
     *     goes into the log: what is longer than {@link #MAX_DETAIL} characters is cut and ends
     *     with …, and half a surrogate pair, which no document can hold, becomes a question mark
     */
    record Refusal(Finding finding, String detail) {

        /** No detail is longer, in UTF-16 units. */
        public static final int MAX_DETAIL = 1_000;

        public Refusal {
            String shown =
                    detail.length() <= MAX_DETAIL
                            ? detail
                            : detail.substring(0, MAX_DETAIL - 1) + "…";
            detail = new String(shown.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        }
    }
}
