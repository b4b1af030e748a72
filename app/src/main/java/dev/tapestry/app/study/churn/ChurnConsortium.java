package dev.tapestry.app.study.churn;

import dev.tapestry.aggregation.weighting.Apportionment;
import dev.tapestry.app.study.simulation.Agenda;
import dev.tapestry.consortium.AuditRules;
import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.Founded;
import dev.tapestry.consortium.ConsortiumEvent.MemberEnrolled;
import dev.tapestry.consortium.ConsortiumEvent.RunStarted;
import dev.tapestry.consortium.ConsortiumEvent.TokenIssued;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeFigures;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundInput;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.RoundState;
import dev.tapestry.consortium.Score;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * One consortium in virtual time, from its founding to the end of a run; the same seed, the same
 * life. What must never be seen ends it with an {@link IllegalStateException}: an event that the
 * audit refuses, nothing left to happen before the run's end, a contribution that is lost.
 */
final class ChurnConsortium {

    private static final double MERGE = 300;
    private static final double LISTEN = 300;
    private static final int MOST_EVENTS = 5_000_000;

    private final ChurnSettings settings;
    private final Charter charter;
    private final long seed;
    private final Agenda agenda = new Agenda();
    private final SortedMap<MemberId, ChurnMember> members = new TreeMap<>();
    private final SortedMap<Fate, Integer> fates = new TreeMap<>();
    private final SortedMap<Integer, Integer> staleness = new TreeMap<>();
    private final Map<MemberId, ChurnMember.Parcel> merging = new TreeMap<>();
    private Consortium state;
    private double largestWeight;
    private int lapses;
    private boolean over;
    private Set<MemberId> awaited = Set.of();
    private boolean stale = true;

    /** What a coordinator answers to a contribution. */
    enum Answer {
        ADMITTED,
        REFUSED,
        LATER
    }

    ChurnConsortium(ChurnSettings settings, StragglerRule rule, long seed) {
        this.settings = settings;
        this.charter = rule.charter(settings);
        this.seed = seed;
        SplittableRandom random = new SplittableRandom(seed);
        state = Consortium.found(new Founded(charter, "key", agenda.instant()));
        List<MemberId> ids = new ArrayList<>();
        for (int i = 0; i < settings.members(); i++) {
            ids.add(new MemberId("member-%03d".formatted(i)));
        }
        for (MemberId id : ids) {
            enrol(id);
            boolean flapping = random.nextDouble() < settings.flapping();
            members.put(id, new ChurnMember(id, this, agenda, random.split(), settings, flapping));
        }
        state = state.apply(new BaseAdopted(digest("base"), "nothing", agenda.instant()));
        change(s -> List.of(new RunStarted(rule.plan(settings), agenda.instant())));
        agenda.in(LISTEN, this::listen);
    }

    private void enrol(MemberId id) {
        Instant now = agenda.instant();
        Digest secret = digest("secret of " + id);
        state = state.apply(new TokenIssued(id, secret, now.plusSeconds(60), now));
        state =
                state.apply(
                        new MemberEnrolled(id, digest("certificate of " + id), "key", secret, now));
    }

    /** Lives until the run has ended. */
    ChurnOutcome live() {
        for (int events = 0; !over; events++) {
            if (!agenda.next() || events == MOST_EVENTS) {
                throw broken("deadlock: round %s is %s".formatted(number(), state.round()));
            }
        }
        members.values().forEach(member -> member.underWay().ifPresent(_ -> count(Fate.UNDER_WAY)));
        requireNothingLost();
        return new ChurnOutcome(
                seed,
                published(),
                agenda.seconds() / 3600,
                fates,
                staleness,
                largestWeight,
                fastIdle(),
                lapses);
    }

    private void requireNothingLost() {
        int made = members.values().stream().mapToInt(ChurnMember::contributions).sum();
        int accounted = fates.values().stream().mapToInt(Integer::intValue).sum();
        if (made != accounted) {
            throw broken("%d contributions were made; accounted for are %s".formatted(made, fates));
        }
    }

    private int published() {
        return (int) state.ended().stream().filter(ConsortiumEvent.RunEnded::complete).count()
                * settings.rounds();
    }

    private double fastIdle() {
        return members.values().stream()
                .sorted(Comparator.comparingDouble(ChurnMember::speed).reversed())
                .limit(Math.max(1, members.size() / 4))
                .mapToDouble(ChurnMember::idleShare)
                .average()
                .orElseThrow();
    }

    Consortium state() {
        return state;
    }

    /** Whether the round waits for this member; everybody asks, so that it is looked up once. */
    boolean awaits(MemberId id) {
        if (stale) {
            stale = false;
            awaited = Set.copyOf(state.round().map(RoundState::awaited).orElse(List.of()));
        }
        return awaited.contains(id);
    }

    /** A member sends a contribution. */
    Answer offer(MemberId id, ChurnMember.Parcel parcel) {
        Instant now = agenda.instant();
        RoundPlan plan = parcel.plan();
        ContributionManifest manifest = manifest(id, parcel);
        if (state.waitsUntil(plan.round(), id, now).isPresent()) {
            return Answer.LATER;
        }
        Digest weights = digest(id + " " + parcel.number());
        Optional<Refusal> refusal =
                state.refusal(manifest, weights, p -> digest(p.round() + ""), now);
        if (refusal.isPresent()) {
            count(Fate.REFUSED);
            change(s -> s.decide(new RoundInput.Unsound(id, refusal.get(), now)));
            return Answer.REFUSED;
        }
        Contribution contribution =
                new Contribution(
                                id,
                                digest("envelope " + id + parcel.number()),
                                weights,
                                manifest.tokens(),
                                Optional.of(manifest.steps()),
                                2,
                                0.1)
                        .with(state.lateness(plan.round()));
        merging.put(id, parcel);
        change(s -> s.decide(new RoundInput.Contributed(contribution, now)));
        return Answer.ADMITTED;
    }

    private static ContributionManifest manifest(MemberId id, ChurnMember.Parcel parcel) {
        RoundPlan plan = parcel.plan();
        ModelManifest.Part part = new ModelManifest.Part(digest("part"), 1);
        return new ContributionManifest(
                plan.round(),
                id,
                plan.base(),
                digest(plan.round() + ""),
                new ModelManifest(
                        List.of(new ModelManifest.File("model.safetensors", 1, List.of(part)))),
                plan.training().tokensPerRound(),
                plan.training().steps(),
                2);
    }

    /** A member has scored the candidate: a little better than the base. */
    void score(MemberId id, RoundNumber round) {
        if (number().equals(round)) {
            change(s ->
                    s.decide(new RoundInput.Scored(id, new Score(1.99, 2, 1), agenda.instant())));
        }
    }

    private void change(Function<Consortium, List<ConsortiumEvent>> decide) {
        for (ConsortiumEvent event : decide.apply(state)) {
            AuditRules.breach(state, event)
                    .ifPresent(breach -> {
                        throw broken("the audit refuses " + event + ": " + breach);
                    });
            state = state.apply(event);
            stale = true;
            act(event);
        }
        Optional<ConsortiumEvent> next = state.betweenRounds(agenda.instant());
        if (next.isPresent()) {
            change(s -> List.of(next.get()));
        }
    }

    private void act(ConsortiumEvent event) {
        switch (event) {
            case ConsortiumEvent.RoundAnnounced announced -> {
                agenda.at(announced.plan().closesAt(), this::passTime);
                wake();
            }
            case ConsortiumEvent.CollectionClosed _ -> agenda.in(MERGE, this::merge);
            case ConsortiumEvent.CandidateMerged merged -> {
                agenda.at(merged.scoringClosesAt(), this::passTime);
                wake();
            }
            case ConsortiumEvent.LeasesLapsed lapsed -> lapses += lapsed.members().size();
            case ConsortiumEvent.BasePublished _ -> settle();
            case ConsortiumEvent.RoundRolledBack _ -> settle();
            case ConsortiumEvent.RoundAbandoned _ -> giveBack();
            case ConsortiumEvent.RunEnded _ -> over = true;
            case ConsortiumEvent _ -> {} // nothing to be done about the others
        }
    }

    private void wake() {
        // Each on its own turn: what one does must not change what another is told.
        members.values().forEach(member -> agenda.in(1, member::look));
    }

    private void settle() {
        state.round()
                .orElseThrow()
                .admitted()
                .forEach((id, contribution) -> {
                    count(contribution.late().isPresent() ? Fate.LATE : Fate.IN_TIME);
                    contribution
                            .late()
                            .ifPresent(late -> staleness.merge(late.staleness(), 1, Integer::sum));
                    merging.remove(id);
                });
    }

    private void giveBack() {
        merging.forEach((id, parcel) -> {
            if (charter.late().isPresent()) {
                member(id).givenBack(parcel);
            } else {
                count(Fate.REFUSED);
            }
        });
        merging.clear();
    }

    private ChurnMember member(MemberId id) {
        return Optional.ofNullable(members.get(id)).orElseThrow();
    }

    private void merge() {
        if (!(state.round().orElse(null) instanceof RoundState.Merging round)) {
            return;
        }
        switch (Apportionment.of(charter, round.admitted())) {
            case Apportionment.Refused(String detail) ->
                    throw broken("nothing can be merged: " + detail);
            case Apportionment.Apportioned(var weights) -> {
                double most = weights.values().stream().mapToDouble(w -> w).max().orElseThrow();
                largestWeight = Math.max(largestWeight, most);
                if (most > charter.influenceCap()) {
                    throw broken("a weight of " + most + " is above the influence cap");
                }
                Candidate candidate = candidate(round, weights);
                change(s -> s.decide(new RoundInput.Merged(candidate, agenda.instant())));
            }
        }
    }

    /** Named by its round; with figures as of nearly orthogonal updates. */
    private static Candidate candidate(RoundState.Merging round, Map<MemberId, Double> weights) {
        double squares = weights.values().stream().mapToDouble(w -> w * 0.1 * 0.1).sum() * 0.5;
        return new Candidate(
                digest("base of round " + round.number()),
                Optional.empty(),
                weights.entrySet().stream()
                        .map(w -> new Candidate.Weight(w.getKey(), w.getValue()))
                        .toList(),
                new MergeFigures(
                        1,
                        Optional.empty(),
                        Math.sqrt(squares),
                        List.of(
                                new MergeFigures.Agreement(
                                        MergeFigures.ALL,
                                        0.5,
                                        Optional.empty(),
                                        Optional.empty(),
                                        Optional.empty(),
                                        Optional.empty()))));
    }

    private void passTime() {
        change(s -> s.decide(new RoundInput.TimePassed(agenda.instant())));
    }

    /** What the round desk does every now and then. */
    private void listen() {
        charter.lease()
                .ifPresent(lease -> {
                    Set<MemberId> silent =
                            members.entrySet().stream()
                                    .filter(member ->
                                            member.getValue().silentFor((double) lease.toSeconds()))
                                    .map(Map.Entry::getKey)
                                    .collect(Collectors.toSet());
                    change(s -> s.decide(new RoundInput.Silent(silent, agenda.instant())));
                });
        agenda.in(LISTEN, this::listen);
    }

    private RoundNumber number() {
        return state.round().map(RoundState::number).orElseThrow();
    }

    private void count(Fate fate) {
        fates.merge(fate, 1, Integer::sum);
    }

    private IllegalStateException broken(String what) {
        return new IllegalStateException("seed " + seed + ": " + what);
    }

    private static Digest digest(String text) {
        return Digest.of(text.getBytes(StandardCharsets.UTF_8));
    }
}
