package dev.tapestry.app.study.simulation;

import dev.tapestry.aggregation.AggregationException;
import dev.tapestry.aggregation.ContributionValidator;
import dev.tapestry.aggregation.GradientValidator;
import dev.tapestry.aggregation.Validation;
import dev.tapestry.aggregation.weighting.Apportionment;
import dev.tapestry.app.study.simulation.Candidates.Made;
import dev.tapestry.app.study.simulation.Candidates.Received;
import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.Founded;
import dev.tapestry.consortium.ConsortiumEvent.MemberEnrolled;
import dev.tapestry.consortium.ConsortiumEvent.RoundAnnounced;
import dev.tapestry.consortium.ConsortiumEvent.RunStarted;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundInput;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundState;
import dev.tapestry.consortium.RoundState.Collecting;
import dev.tapestry.consortium.RoundState.Merging;
import dev.tapestry.consortium.RoundState.Scoring;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Score;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.codec.CodedUpdate;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The coordinator of a simulated consortium: the consortium's own rules over a virtual clock, and
 * what a round desk does about them. It announces rounds, admits, closes at deadlines, merges.
 */
final class VirtualCoordinator {

    /** Hears what happens, after it has taken effect. */
    interface Watcher {
        /** An event, the state that it led to, and the base's loss for each member then. */
        void on(ConsortiumEvent event, Consortium after, SortedMap<MemberId, Double> losses);
    }

    private final Agenda agenda;
    private final Duration mergeTime;
    private final Candidates candidates;
    private final ModelShelf shelf;
    private final LocalWork work;
    private final Watcher watcher;
    private final Map<MemberId, Received> received = new TreeMap<>();
    private Consortium consortium;
    private Optional<Made> made = Optional.empty();
    private SortedMap<MemberId, Double> baseLosses;
    private SortedMap<MemberId, Double> candidateLosses = new TreeMap<>();
    private Digest planDigest = Digest.of(new byte[0]);

    VirtualCoordinator(
            Agenda agenda,
            Charter charter,
            Duration mergeTime,
            Candidates candidates,
            ModelShelf shelf,
            LocalWork work,
            Watcher watcher) {
        this.agenda = agenda;
        this.mergeTime = mergeTime;
        this.candidates = candidates;
        this.shelf = shelf;
        this.work = work;
        this.watcher = watcher;
        this.consortium = Consortium.found(new Founded(charter, "virtual", agenda.instant()));
        this.baseLosses = work.losses(shelf.base());
    }

    /** Enrols all members, adopts the base and starts the run. */
    void begin(RunPlan plan) {
        Instant now = agenda.instant();
        List<ConsortiumEvent> events = new ArrayList<>();
        for (MemberId member : work.members()) {
            Digest secret = Digest.of(CanonicalJson.write(member));
            events.add(new MemberEnrolled(member, secret, "virtual", secret, now));
        }
        events.add(new BaseAdopted(shelf.baseDigest(), "the start", now));
        events.add(new RunStarted(plan, now));
        change(events);
    }

    /** The latest round; empty before the first. */
    Optional<RoundState> round() {
        return consortium.round();
    }

    /** How many bases this run has published. */
    int published() {
        return consortium.run().map(Consortium.Run::published).orElse(0);
    }

    /** Whether nothing follows the current round if it gives a base. */
    boolean isLast() {
        return consortium.run().map(run -> run.published() + 1 >= run.plan().rounds()).orElse(true);
    }

    /** Digest of the current round's plan. */
    Digest planDigest() {
        return planDigest;
    }

    /** The base's loss for each member. */
    SortedMap<MemberId, Double> baseLosses() {
        return baseLosses;
    }

    /** Whether {@code round} still takes contributions. */
    boolean collects(RoundNumber round) {
        return consortium.round().orElse(null) instanceof Collecting collecting
                && collecting.number().equals(round);
    }

    /** Whether a contribution with this manifest may be sent; a refusal is noted. */
    boolean admits(ContributionManifest manifest) {
        Optional<Refusal> refusal =
                consortium.refusal(
                        manifest,
                        CanonicalJson.digest(manifest.weights()),
                        _ -> planDigest,
                        agenda.instant());
        refusal.ifPresent(why -> refuse(manifest.member(), why));
        return refusal.isEmpty();
    }

    /** A member is done with a round that takes nothing any more. */
    void late(MemberId member, RoundNumber round) {
        refuse(
                member,
                new Refusal(
                        Finding.STALE_ROUND, "round %s takes nothing any more".formatted(round)));
    }

    /**
     * A contribution has arrived whole: it is looked at and admitted, or refused.
     *
     * @return whether it is admitted
     */
    boolean take(Parcel parcel) {
        if (!admits(parcel.manifest())) {
            return false;
        }
        RoundInput input = examined(parcel);
        if (input instanceof RoundInput.Contributed(Contribution contribution, Instant _)) {
            received.put(
                    contribution.member(),
                    new Received(contribution, parcel.weights(), parcel.gradient()));
        }
        List<ConsortiumEvent> events = consortium.decide(input);
        change(events);
        return events.stream().anyMatch(ConsortiumEvent.ContributionAdmitted.class::isInstance);
    }

    private RoundInput examined(Parcel parcel) {
        ContributionManifest manifest = parcel.manifest();
        try (ModelDirectory base = ModelDirectory.open(shelf.base());
                ModelDirectory weights = ModelDirectory.open(parcel.weights())) {
            Optional<Refusal> gradient =
                    parcel.gradient().flatMap(file -> gradientRefusal(file, base));
            if (gradient.isPresent()) {
                return new RoundInput.Unsound(manifest.member(), gradient.get(), agenda.instant());
            }
            double band = consortium.charter().maxRelativeUpdateNorm();
            return switch (new ContributionValidator(band).validate(base, weights)) {
                case Validation.Sound sound ->
                        new RoundInput.Contributed(
                                new Contribution(
                                        manifest.member(),
                                        CanonicalJson.digest(manifest),
                                        CanonicalJson.digest(manifest.weights()),
                                        manifest.tokens(),
                                        Optional.of(manifest.steps()),
                                        manifest.trainingBitsPerByte(),
                                        sound.updateNorm()),
                                agenda.instant());
                case Validation.Unsound unsound ->
                        new RoundInput.Unsound(
                                manifest.member(), unsound.refusal(), agenda.instant());
            };
        }
    }

    private Optional<Refusal> gradientRefusal(Path file, ModelDirectory base) {
        double clipNorm = consortium.round().orElseThrow().plan().training().clipNorm();
        try (CodedUpdate gradient = CodedUpdate.open(file, base.tensors())) {
            return new GradientValidator(clipNorm).refusal(gradient);
        }
    }

    private void refuse(MemberId member, Refusal refusal) {
        change(consortium.decide(new RoundInput.Unsound(member, refusal, agenda.instant())));
    }

    /** A member's score of a candidate, by its own text; one that comes too late says nothing. */
    void score(MemberId member, Digest candidate) {
        if (!(consortium.round().orElse(null) instanceof Scoring scoring
                && scoring.candidate().model().equals(candidate))) {
            return;
        }
        Score score =
                new Score(
                        candidateLosses.getOrDefault(member, 0.0),
                        baseLosses.getOrDefault(member, 0.0),
                        work.scoredBytes());
        change(consortium.decide(new RoundInput.Scored(member, score, agenda.instant())));
    }

    private void change(List<ConsortiumEvent> events) {
        for (ConsortiumEvent event : events) {
            consortium = consortium.apply(event);
            act(event);
            watcher.on(event, consortium, baseLosses);
        }
        consortium.betweenRounds(agenda.instant()).ifPresent(next -> change(List.of(next)));
    }

    /** What a round desk does about an event. */
    private void act(ConsortiumEvent event) {
        switch (event) {
            case RoundAnnounced announced -> {
                planDigest = CanonicalJson.digest(announced.plan());
                agenda.at(announced.plan().closesAt(), this::passTime);
            }
            case CollectionClosed _ -> agenda.at(agenda.instant().plus(mergeTime), this::merge);
            case CandidateMerged merged -> agenda.at(merged.scoringClosesAt(), this::passTime);
            case BasePublished _ -> publish();
            case ConsortiumEvent.RoundRolledBack _ -> forget();
            case ConsortiumEvent.RoundAbandoned _ -> forget();
            case ConsortiumEvent.RunEnded _, ConsortiumEvent.RunStopped _ -> agenda.clear();
            // Nothing is to be done about what only the state shows.
            case Founded _ -> {}
            case ConsortiumEvent.TokenIssued _ -> {}
            case ConsortiumEvent.CoordinatorMoved _ -> {}
            case MemberEnrolled _ -> {}
            case ConsortiumEvent.CertificateRenewed _ -> {}
            case ConsortiumEvent.MemberRevoked _ -> {}
            case BaseAdopted _ -> {}
            case RunStarted _ -> {}
            case ConsortiumEvent.ContributionAdmitted _ -> {}
            case ConsortiumEvent.ContributionRefused _ -> {}
            case ConsortiumEvent.LeasesLapsed _ -> {}
            case ConsortiumEvent.ContributionLost _ -> {}
            case ConsortiumEvent.CandidateScored _ -> {}
        }
    }

    private void passTime() {
        change(consortium.decide(new RoundInput.TimePassed(agenda.instant())));
    }

    private void merge() {
        if (!(consortium.round().orElse(null) instanceof Merging merging)) {
            return;
        }
        RoundInput outcome =
                switch (Apportionment.of(consortium.charter(), merging.admitted())) {
                    case Apportionment.Refused(String detail) ->
                            new RoundInput.MergeFailed(detail, agenda.instant());
                    case Apportionment.Apportioned weights -> merged(merging, weights);
                };
        change(consortium.decide(outcome));
    }

    private RoundInput merged(Merging merging, Apportionment.Apportioned weights) {
        received.keySet().retainAll(merging.admitted().keySet());
        try {
            Made candidate =
                    candidates.merge(
                            shelf.baseDigest(),
                            shelf.base(),
                            received,
                            weights.weights(),
                            shelf.folder(merging.number()).resolve("merge"));
            made = Optional.of(candidate);
            candidateLosses = work.losses(candidate.model());
            shelf.offer(candidate);
            return new RoundInput.Merged(candidate.candidate(), agenda.instant());
        } catch (AggregationException e) {
            return new RoundInput.MergeFailed(String.valueOf(e.getMessage()), agenda.instant());
        }
    }

    private void publish() {
        Made candidate = made.orElseThrow();
        candidates.published(candidate);
        shelf.published(candidate);
        baseLosses = candidateLosses;
        forget();
    }

    private void forget() {
        made = Optional.empty();
        received.clear();
    }
}
