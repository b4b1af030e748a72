package dev.tapestry.consortium;

import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * Where a round is. It is always in exactly one state; each state carries only what is known in it.
 */
public sealed interface RoundState {

    /** What was announced. */
    RoundPlan plan();

    /** The round's number. */
    default RoundNumber number() {
        return plan().round();
    }

    /** The sound contributions that are, or were, merged in this round. */
    default SortedMap<MemberId, Contribution> admitted() {
        return Collections.emptySortedMap();
    }

    /** The name of this state, for people. */
    default String phase() {
        return getClass().getSimpleName();
    }

    /** The members for whom the round is waiting. */
    default List<MemberId> awaited() {
        return List.of();
    }

    /** When the waiting ends. */
    default Optional<Instant> deadline() {
        return Optional.empty();
    }

    /** Whether nothing more will happen in this round. */
    default boolean over() {
        return false;
    }

    /**
     * Nodes train and contribute.
     *
     * @param expected invited members that were not revoked since
     * @param admitted sound contributions so far
     * @param lapsed members for whom it no longer waits, though they may still contribute
     */
    record Collecting(
            RoundPlan plan,
            List<MemberId> expected,
            SortedMap<MemberId, Contribution> admitted,
            List<MemberId> lapsed)
            implements RoundState {
        public Collecting {
            expected = List.copyOf(expected);
            lapsed = List.copyOf(lapsed);
            admitted = FrozenMap.of(admitted);
        }

        /** A round that was just announced. */
        static Collecting begin(RoundPlan plan) {
            return new Collecting(plan, plan.invited(), FrozenMap.empty(), List.of());
        }

        @Override
        public List<MemberId> awaited() {
            return missing(expected, admitted);
        }

        Collecting admit(Contribution contribution) {
            return new Collecting(
                    plan,
                    expected,
                    FrozenMap.of(admitted).with(contribution.member(), contribution),
                    lapsed);
        }

        Collecting without(MemberId member) {
            return new Collecting(
                    plan,
                    left(expected, member),
                    FrozenMap.of(admitted).without(member),
                    left(lapsed, member));
        }

        Collecting lapse(List<MemberId> silent) {
            return new Collecting(plan, expected, admitted, silent);
        }

        Collecting lost(MemberId member) {
            return new Collecting(
                    plan, expected, FrozenMap.of(admitted).without(member), List.of());
        }

        @Override
        public Optional<Instant> deadline() {
            return Optional.of(plan.closesAt());
        }
    }

    /** The coordinator merges what was admitted. */
    record Merging(
            RoundPlan plan, List<MemberId> expected, SortedMap<MemberId, Contribution> admitted)
            implements RoundState {
        public Merging {
            expected = List.copyOf(expected);
            admitted = FrozenMap.of(admitted);
        }

        Merging without(MemberId member) {
            return new Merging(plan, left(expected, member), admitted);
        }

        /** Waits again for a contribution, as long as the plan lets it. */
        Collecting lost(MemberId member) {
            return new Collecting(
                    plan, expected, FrozenMap.of(admitted).without(member), List.of());
        }
    }

    /** Every member scores the candidate on its own held-out text. */
    record Scoring(
            RoundPlan plan,
            List<MemberId> expected,
            SortedMap<MemberId, Contribution> admitted,
            Candidate candidate,
            SortedMap<MemberId, Score> scores,
            Instant closesAt,
            List<MemberId> lapsed)
            implements RoundState {
        public Scoring {
            expected = List.copyOf(expected);
            lapsed = List.copyOf(lapsed);
            admitted = FrozenMap.of(admitted);
            scores = FrozenMap.of(scores);
        }

        @Override
        public List<MemberId> awaited() {
            return missing(expected, scores);
        }

        Scoring score(MemberId member, Score score) {
            return new Scoring(
                    plan,
                    expected,
                    admitted,
                    candidate,
                    FrozenMap.of(scores).with(member, score),
                    closesAt,
                    lapsed);
        }

        Scoring without(MemberId member) {
            return new Scoring(
                    plan,
                    left(expected, member),
                    admitted,
                    candidate,
                    FrozenMap.of(scores).without(member),
                    closesAt,
                    left(lapsed, member));
        }

        Scoring lapse(List<MemberId> silent) {
            return new Scoring(plan, expected, admitted, candidate, scores, closesAt, silent);
        }

        @Override
        public Optional<Instant> deadline() {
            return Optional.of(closesAt);
        }
    }

    /** The candidate has become the base. */
    record Published(
            RoundPlan plan,
            SortedMap<MemberId, Contribution> admitted,
            Candidate candidate,
            SortedMap<MemberId, Score> scores)
            implements RoundState {
        public Published {
            admitted = FrozenMap.of(admitted);
            scores = FrozenMap.of(scores);
        }

        @Override
        public boolean over() {
            return true;
        }
    }

    /** The candidate was refused by the release gate. */
    record RolledBack(
            RoundPlan plan,
            SortedMap<MemberId, Contribution> admitted,
            Candidate candidate,
            SortedMap<MemberId, Score> scores,
            String reason)
            implements RoundState {
        public RolledBack {
            admitted = FrozenMap.of(admitted);
            scores = FrozenMap.of(scores);
        }

        @Override
        public boolean over() {
            return true;
        }
    }

    /** There was no candidate. */
    record Abandoned(RoundPlan plan, String reason) implements RoundState {
        @Override
        public boolean over() {
            return true;
        }
    }

    private static List<MemberId> missing(List<MemberId> expected, SortedMap<MemberId, ?> arrived) {
        return expected.stream().filter(member -> !arrived.containsKey(member)).toList();
    }

    private static List<MemberId> left(List<MemberId> members, MemberId gone) {
        return members.stream().filter(member -> !member.equals(gone)).toList();
    }
}
