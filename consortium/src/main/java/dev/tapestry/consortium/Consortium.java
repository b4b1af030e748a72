package dev.tapestry.consortium;

import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CertificateRenewed;
import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.Founded;
import dev.tapestry.consortium.ConsortiumEvent.MemberEnrolled;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.ConsortiumEvent.RoundAbandoned;
import dev.tapestry.consortium.ConsortiumEvent.RoundAnnounced;
import dev.tapestry.consortium.ConsortiumEvent.RunEnded;
import dev.tapestry.consortium.ConsortiumEvent.RunStarted;
import dev.tapestry.consortium.ConsortiumEvent.RunStopped;
import dev.tapestry.consortium.ConsortiumEvent.SigningKeyReplaced;
import dev.tapestry.consortium.ConsortiumEvent.TokenIssued;
import dev.tapestry.consortium.RoundInput.Refusal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * The state of a consortium: the fold of its events.
 *
 * @param charter the rules
 * @param coordinatorKey Ed25519 public key with which the coordinator signs
 * @param members by id
 * @param tokens enrolment tokens that were not used, by the digest of their secret
 * @param base digest of the shared base; empty before one is adopted
 * @param momentum digest of the outer optimiser's state that belongs to the base
 * @param residual digest of what coding the step to the base has lost, for the next step; empty
 *     where it was not coded
 * @param gradient digest of the mean gradient of the contributions that made the base; empty where
 *     members shared none
 * @param run the current run
 * @param ended how the latest run ended; empty while one is under way
 * @param round the latest round
 * @param rounds how many rounds were announced
 * @param closedRounds rounds of the current run to which contributions may still come, by a charter
 *     that takes them late
 * @param contributedWeights digests of the weights that went into a base or lie in the current
 *     round, to tell replays; a round without a new base gives its weights back, for who trains
 *     again from the same base may well come to the same weights. None is ever forgotten: a
 *     manifest names its round and base, but old weights can be signed anew under a manifest that
 *     names the current ones, so only their digest tells that they were not trained from it
 */
public record Consortium(
        Charter charter,
        String coordinatorKey,
        SortedMap<MemberId, Member> members,
        SortedMap<Digest, TokenIssued> tokens,
        Optional<Digest> base,
        Optional<Digest> momentum,
        Optional<Digest> residual,
        Optional<Digest> gradient,
        Optional<Run> run,
        Optional<RunEnded> ended,
        Optional<RoundState> round,
        int rounds,
        SortedMap<RoundNumber, ClosedRound> closedRounds,
        Set<Digest> contributedWeights) {

    /** After so many rounds in a row without a new base, a run ends. */
    public static final int MAX_FRUITLESS_ROUNDS = 3;

    /**
     * A run of the loop.
     *
     * @param plan what was planned
     * @param published bases published so far
     * @param fruitless rounds since the last published base
     */
    public record Run(RunPlan plan, int published, int fruitless) {}

    public Consortium {
        members = FrozenMap.of(members);
        tokens = FrozenMap.of(tokens);
        closedRounds = FrozenMap.of(closedRounds);
        contributedWeights = DigestSet.of(contributedWeights);
    }

    /** A new consortium. */
    public static Consortium found(Founded event) {
        return new Consortium(
                event.charter(),
                event.coordinatorKey(),
                FrozenMap.empty(),
                FrozenMap.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                0,
                FrozenMap.empty(),
                DigestSet.empty());
    }

    /**
     * The state that these events lead to.
     *
     * @throws IllegalArgumentException if the first is not the founding
     */
    public static Consortium replay(List<ConsortiumEvent> events) {
        if (events.isEmpty() || !(events.getFirst() instanceof Founded founded)) {
            throw new IllegalArgumentException("a consortium's log begins with its founding");
        }
        return found(founded).applyAll(events.subList(1, events.size()));
    }

    /** The state after {@code event}. */
    public Consortium apply(ConsortiumEvent event) {
        Builder next = new Builder(this);
        next.round = round.map(state -> RoundRules.evolve(state, event));
        switch (event) {
            case Founded again -> throw new IllegalArgumentException("founded twice");
            case TokenIssued issued -> next.tokens = next.tokens.with(issued.secret(), issued);
            case MemberEnrolled enrolled -> {
                next.tokens = next.tokens.without(enrolled.secret());
                next.members =
                        next.members.with(
                                enrolled.member(),
                                new Member(
                                        enrolled.member(),
                                        enrolled.certificate(),
                                        enrolled.signingKey(),
                                        Member.Standing.ENROLLED));
            }
            case CertificateRenewed renewed ->
                    next.stands(renewed.member(), member -> member.renewed(renewed.certificate()));
            case SigningKeyReplaced replaced ->
                    next.stands(
                            replaced.member(), member -> member.signingWith(replaced.signingKey()));
            case MemberRevoked revoked -> next.revoke(revoked.member());
            case BaseAdopted adopted -> {
                next.base = Optional.of(adopted.base());
                next.momentum = Optional.empty();
                next.residual = Optional.empty();
                next.gradient = Optional.empty();
                next.closedRounds = FrozenMap.empty();
            }
            case RunStarted started -> {
                next.run = Optional.of(new Run(started.plan(), 0, 0));
                next.ended = Optional.empty();
            }
            case RunEnded over -> {
                next.run = Optional.empty();
                next.ended = Optional.of(over);
                next.closedRounds = FrozenMap.empty();
            }
            case RunStopped stopped -> {
                next.run = Optional.empty();
                next.ended =
                        Optional.of(
                                new RunEnded(
                                        false,
                                        "it was stopped: " + stopped.reason(),
                                        stopped.at()));
                if (round.isPresent() && !round.get().over()) {
                    next.forgetContributions();
                }
                next.closedRounds = FrozenMap.empty();
            }
            case RoundAnnounced announced -> {
                next.round = Optional.of(RoundState.Collecting.begin(announced.plan()));
                next.rounds = announced.plan().round().value();
                next.forgetStaleRounds();
            }
            case ContributionAdmitted(_, Contribution contribution, _) -> {
                next.stands(contribution.member(), Member::back);
                next.contributedWeights = next.contributedWeights.with(contribution.weights());
                contribution
                        .late()
                        .ifPresent(late ->
                                next.closed(
                                        late.round(),
                                        closed -> closed.givenBy(contribution.member())));
            }
            case ConsortiumEvent.ContributionLost lost -> next.lose(lost);
            case BasePublished published -> {
                next.base = Optional.of(published.base());
                next.momentum = published.momentum();
                Optional<Candidate> made =
                        next.round.orElse(null) instanceof RoundState.Published over
                                ? Optional.of(over.candidate())
                                : Optional.empty();
                next.residual = made.flatMap(Candidate::residual);
                next.gradient = made.flatMap(Candidate::gradient);
                next.run = run.map(r -> new Run(r.plan(), r.published() + 1, 0));
                next.closed(published.round(), ClosedRound::withBase);
            }
            case ConsortiumEvent.RoundRolledBack back -> next.fruitless();
            case RoundAbandoned abandoned -> {
                next.close(abandoned.at());
                next.giveBack(abandoned.round());
                next.fruitless();
            }
            case CollectionClosed closed -> next.close(closed.at());
            case ConsortiumEvent.CoordinatorMoved moved -> next.coordinatorKey = moved.key();
            case ConsortiumEvent.ContributionRefused other -> {}
            case ConsortiumEvent.LeasesLapsed lapsed ->
                    lapsed.members().forEach(member -> next.stands(member, Member::away));
            case ConsortiumEvent.CandidateMerged other -> {}
            case ConsortiumEvent.CandidateScored scored ->
                    next.stands(scored.member(), Member::back);
        }
        return next.build();
    }

    /** The state after {@code events}, in their order. */
    public Consortium applyAll(List<ConsortiumEvent> events) {
        Consortium consortium = this;
        for (ConsortiumEvent event : events) {
            consortium = consortium.apply(event);
        }
        return consortium;
    }

    /**
     * Why a contribution with this manifest cannot be admitted now; empty where it can, and also
     * where it already was: whoever asks twice is told the same. Asked when the manifest arrives,
     * and again when the files are complete.
     *
     * @param weights digest of the manifest of the weights' canonical JSON
     * @param plan digest of a round plan's canonical JSON
     * @param now decides how late it is
     */
    public Optional<Refusal> refusal(
            ContributionManifest manifest,
            Digest weights,
            Function<RoundPlan, Digest> plan,
            Instant now) {
        MemberId id = manifest.member();
        Member member = members.get(id);
        if (member == null) {
            return AdmissionRules.refuse(
                    Finding.UNKNOWN_MEMBER, id + " is not enrolled; ask for a token");
        }
        if (!member.active()) {
            return AdmissionRules.refuse(Finding.REVOKED, id + " was revoked");
        }
        if (round.isEmpty()) {
            return AdmissionRules.refuse(Finding.STALE_ROUND, "no round was announced yet");
        }
        RoundState state = round.get();
        Contribution earlier = state.admitted().get(id);
        if (earlier != null
                && manifest.round().equals(earlier.trainedIn(state.number()))
                && earlier.weights().equals(weights)) {
            return Optional.empty();
        }
        Optional<Refusal> refusal =
                state instanceof RoundState.Collecting collecting
                                && closedRounds.containsKey(manifest.round())
                        ? LateRules.refusal(this, collecting, manifest, plan, now)
                        : RoundRules.refusal(state, manifest, plan.apply(state.plan()), charter);
        if (refusal.isPresent()) {
            return refusal;
        }
        if (earlier != null) {
            return AdmissionRules.refuse(
                    Finding.ALREADY_ADMITTED,
                    "round %s already has weights %s from %s"
                            .formatted(state.number(), earlier.weights().abbreviated(), id));
        }
        return contributedWeights.contains(weights)
                ? Optional.of(AdmissionRules.replay(weights))
                : Optional.empty();
    }

    /**
     * Until when a contribution waits that can be admitted once a round collects again; empty where
     * that is now, or never.
     */
    public Optional<Instant> waitsUntil(RoundNumber trainedIn, MemberId member, Instant now) {
        return round.filter(state -> !(state instanceof RoundState.Collecting))
                .filter(_ -> run.isPresent())
                .flatMap(_ -> LateRules.until(this, trainedIn, member))
                .filter(until -> !now.isAfter(until));
    }

    /** By which plan a contribution to the current round was trained: an earlier one, if late. */
    public Optional<RoundPlan> trainedBy(Contribution contribution) {
        return contribution
                .late()
                .map(late -> Optional.ofNullable(closedRounds.get(late.round())))
                .map(closed -> closed.map(ClosedRound::plan))
                .orElseGet(() -> round.map(RoundState::plan));
    }

    /** How late a contribution to this round would be in the current one; empty where it is not. */
    public Optional<Late> lateness(RoundNumber trainedIn) {
        return closedRounds.containsKey(trainedIn)
                ? Optional.of(new Late(trainedIn, LateRules.staleness(this, trainedIn)))
                : Optional.empty();
    }

    /** The keys of the members that may take part, by id. */
    public SortedMap<MemberId, String> activeKeys() {
        SortedMap<MemberId, String> keys = new TreeMap<>();
        members.values().stream()
                .filter(Member::active)
                .forEach(member -> keys.put(member.id(), member.signingKey()));
        return keys;
    }

    /** Members of which a lease lapsed, and nothing came since; they may take part all the same. */
    public Set<MemberId> away() {
        return members.values().stream()
                .filter(member -> member.standing() == Member.Standing.AWAY)
                .map(Member::id)
                .collect(Collectors.toUnmodifiableSet());
    }

    /** The events that {@code input} causes in the current round; empty where there is none. */
    public List<ConsortiumEvent> decide(RoundInput input) {
        return round.map(state -> RoundRules.decide(state, known(state, input), charter))
                .orElse(List.of());
    }

    /**
     * The event with which {@code next} takes the place of the member's certificate; none where
     * {@code replaced} is not the one that it has, or it may not take part any more.
     */
    public List<ConsortiumEvent> renewal(MemberId id, Digest replaced, Digest next, Instant at) {
        Member member = members.get(id);
        return member != null && member.active() && member.certificate().equals(replaced)
                ? List.of(new CertificateRenewed(id, next, at))
                : List.of();
    }

    /**
     * The event with which the member's next key takes the place of the one that it has; none where
     * that key is a member's already, or it may not take part any more.
     *
     * @param statement signed with both keys
     */
    public List<ConsortiumEvent> keyReplacement(
            MemberId id, String next, String statement, Instant at) {
        Member member = members.get(id);
        return member != null && member.active() && !signsAlready(next)
                ? List.of(new SigningKeyReplaced(id, next, statement, at))
                : List.of();
    }

    /** Whether some member signs with this key. */
    boolean signsAlready(String key) {
        return members.values().stream().anyMatch(member -> member.signingKey().equals(key));
    }

    /**
     * Whether there is something to revoke: an active member, or unused tokens with which it would
     * become one.
     */
    public boolean revocable(MemberId id) {
        Member member = members.get(id);
        return (member != null && member.active())
                || tokens.values().stream().anyMatch(token -> token.member().equals(id));
    }

    /**
     * The events of a revocation, in the order in which they must be written; none where nothing is
     * {@link #revocable}.
     */
    public List<ConsortiumEvent> revocation(MemberId member, String reason, Instant at) {
        if (!revocable(member)) {
            return List.of();
        }
        List<ConsortiumEvent> events = new ArrayList<>();
        events.add(new MemberRevoked(member, reason, at));
        events.addAll(apply(events.getFirst()).decide(new RoundInput.Revoked(member, at)));
        return List.copyOf(events);
    }

    /**
     * What a run does between two rounds: announce the next, or end. Empty while a round is under
     * way, while nothing runs, or while too few members are enrolled.
     */
    public Optional<ConsortiumEvent> betweenRounds(Instant now) {
        if (run.isEmpty() || base.isEmpty() || (round.isPresent() && !round.get().over())) {
            return Optional.empty();
        }
        Run current = run.get();
        if (current.published() >= current.plan().rounds()) {
            return Optional.of(
                    new RunEnded(true, current.published() + " bases were published", now));
        }
        if (current.fruitless() >= MAX_FRUITLESS_ROUNDS) {
            return Optional.of(
                    new RunEnded(
                            false, current.fruitless() + " rounds in a row gave no new base", now));
        }
        if (standstill().isPresent()) {
            return Optional.empty();
        }
        return Optional.of(
                new RoundAnnounced(
                        RoundPlan.of(
                                current.plan(),
                                new RoundNumber(rounds + 1),
                                base.get(),
                                gradient,
                                active(),
                                now.plus(charter.roundDeadline())),
                        now));
    }

    private List<MemberId> active() {
        return members.values().stream().filter(Member::active).map(Member::id).toList();
    }

    /** Why a run that is under way begins no round; empty where one is under way or can begin. */
    public Optional<Standstill> standstill() {
        int enrolled = active().size();
        if (run.isEmpty()
                || (round.isPresent() && !round.get().over())
                || run.get().published() >= run.get().plan().rounds()
                || run.get().fruitless() >= MAX_FRUITLESS_ROUNDS
                || enrolled >= charter.quorum()) {
            return Optional.empty();
        }
        return Optional.of(
                new Standstill(
                        Standstill.Code.BELOW_QUORUM,
                        "%d of %d members that the charter's quorum asks for are enrolled; invite another (tapestry member invite)"
                                .formatted(enrolled, charter.quorum())));
    }

    /** The input with what only the whole consortium can tell. */
    private RoundInput known(RoundState state, RoundInput input) {
        if (input instanceof RoundInput.Silent(Set<MemberId> silent, _, Instant at)) {
            return new RoundInput.Silent(silent, away(), at);
        }
        if (input instanceof RoundInput.Contributed(Contribution contribution, Instant at)
                && contributedWeights.contains(contribution.weights())
                && !state.admitted().containsKey(contribution.member())) {
            return new RoundInput.Unsound(
                    contribution.member(), AdmissionRules.replay(contribution.weights()), at);
        }
        return input;
    }

    private static final class Builder {
        private final Consortium before;
        private String coordinatorKey;
        private FrozenMap<MemberId, Member> members;
        private FrozenMap<Digest, TokenIssued> tokens;
        private DigestSet contributedWeights;
        private Optional<Digest> base;
        private Optional<Digest> momentum;
        private Optional<Digest> residual;
        private Optional<Digest> gradient;
        private Optional<Run> run;
        private Optional<RunEnded> ended;
        private Optional<RoundState> round;
        private int rounds;
        private FrozenMap<RoundNumber, ClosedRound> closedRounds;

        Builder(Consortium before) {
            this.before = before;
            coordinatorKey = before.coordinatorKey;
            members = FrozenMap.of(before.members);
            tokens = FrozenMap.of(before.tokens);
            contributedWeights = DigestSet.of(before.contributedWeights);
            base = before.base;
            momentum = before.momentum;
            residual = before.residual;
            gradient = before.gradient;
            run = before.run;
            ended = before.ended;
            round = before.round;
            rounds = before.rounds;
            closedRounds = FrozenMap.of(before.closedRounds);
        }

        void stands(MemberId id, UnaryOperator<Member> change) {
            Member member = members.get(id);
            if (member != null) {
                members = members.with(id, change.apply(member));
            }
        }

        /** With the member go its tokens, or it would let itself in again with one it kept. */
        void revoke(MemberId id) {
            tokens = tokens.withoutValues(token -> token.member().equals(id));
            stands(id, Member::revoked);
        }

        void fruitless() {
            run = run.map(r -> new Run(r.plan(), r.published(), r.fruitless() + 1));
            forgetContributions();
        }

        /** What the round under way was sent may be sent again: it was not merged. */
        void forgetContributions() {
            before.round.stream()
                    .flatMap(state -> state.admitted().values().stream())
                    .forEach(contribution ->
                            contributedWeights =
                                    contributedWeights.without(contribution.weights()));
        }

        /** The round under way no longer collects; contributions to it may come late. */
        void close(Instant at) {
            if (before.charter.late().isPresent()
                    && before.round.orElse(null) instanceof RoundState.Collecting collecting) {
                closedRounds =
                        closedRounds.with(
                                collecting.number(),
                                new ClosedRound(
                                        collecting.plan(),
                                        at,
                                        false,
                                        collecting.admitted().values().stream()
                                                .filter(c -> c.late().isEmpty())
                                                .map(Contribution::member)
                                                .collect(Collectors.toSet())));
            }
        }

        /** Nothing was merged: whatever was admitted to this round may come again. */
        void giveBack(RoundNumber number) {
            before.round.stream()
                    .flatMap(state -> state.admitted().values().stream())
                    .forEach(contribution ->
                            closed(
                                    contribution.trainedIn(number),
                                    closed -> closed.givenBack(contribution.member())));
        }

        void closed(RoundNumber number, UnaryOperator<ClosedRound> change) {
            ClosedRound found = closedRounds.get(number);
            if (found != null) {
                closedRounds = closedRounds.with(number, change.apply(found));
            }
        }

        void forgetStaleRounds() {
            int most = before.charter.late().map(LateRule::maxStaleness).orElse(0);
            for (RoundNumber number : before.closedRounds.keySet()) {
                if (LateRules.staleness(before, number) > most) {
                    closedRounds = closedRounds.without(number);
                }
            }
        }

        /** The round collects again, and what it lost may be sent again. */
        void lose(ConsortiumEvent.ContributionLost lost) {
            closedRounds = closedRounds.without(lost.round());
            before.round
                    .map(state -> state.admitted().get(lost.member()))
                    .ifPresent(contribution -> {
                        contributedWeights = contributedWeights.without(contribution.weights());
                        closed(
                                contribution.trainedIn(lost.round()),
                                closed -> closed.givenBack(lost.member()));
                    });
        }

        Consortium build() {
            return new Consortium(
                    before.charter,
                    coordinatorKey,
                    members,
                    tokens,
                    base,
                    momentum,
                    residual,
                    gradient,
                    run,
                    ended,
                    round,
                    rounds,
                    closedRounds,
                    contributedWeights);
        }
    }
}
