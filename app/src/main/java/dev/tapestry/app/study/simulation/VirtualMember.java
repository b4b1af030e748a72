package dev.tapestry.app.study.simulation;

import dev.tapestry.app.study.simulation.Parcel.Trained;
import dev.tapestry.app.study.simulation.Population.Profile;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.Overlap;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.RoundState;
import dev.tapestry.consortium.SharedGradients;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.node.trainer.GradientCorrection;
import dev.tapestry.node.trainer.GradientTask;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A member on the virtual clock. Like a node it does one thing after the other and then looks what
 * the round waits for: it fetches the base and everybody's gradient, trains, offers its manifest,
 * sends; fetches the candidate and scores. What it has begun it ends, even if the round went on
 * without it. Only its {@link VirtualTrainer} may go on beside that.
 */
final class VirtualMember {

    private final MemberId id;
    private final Profile profile;
    private final VirtualTrainer trainer;
    private final Predicate<RoundNumber> away;
    private final Agenda agenda;
    private final VirtualCoordinator coordinator;
    private final ModelShelf shelf;
    private final LocalWork work;
    private final Tally tally;
    private final Carried carried;
    private final Set<Digest> has = new HashSet<>();
    private Optional<Digest> meanHere = Optional.empty();
    private Set<Digest> needs = Set.of();
    private boolean busy;

    /**
     * What it was asked to contribute to.
     *
     * @param planned digest of the plan
     * @param published bases before it
     * @param steps that it does
     */
    private record Invitation(RoundPlan plan, Digest planned, int published, int steps) {}

    /**
     * A member that has nothing yet.
     *
     * @param memory an existing folder, in which what outlives a round is kept
     */
    VirtualMember(
            MemberId id,
            Profile profile,
            Predicate<RoundNumber> away,
            Agenda agenda,
            VirtualCoordinator coordinator,
            ModelShelf shelf,
            LocalWork work,
            Tally tally,
            Path memory) {
        this.id = id;
        this.profile = profile;
        this.trainer = new VirtualTrainer(id, profile.secondsPerStep(), agenda, tally);
        this.away = away;
        this.agenda = agenda;
        this.coordinator = coordinator;
        this.shelf = shelf;
        this.work = work;
        this.tally = tally;
        this.carried = new Carried(id, memory);
    }

    /** What it is training from, or scores, which must stay until it is done. */
    Set<Digest> needs() {
        return needs;
    }

    /** It hears, after its line's latency, that something has changed. */
    void wake() {
        agenda.in(profile.latencySeconds(), this::look);
    }

    private void look() {
        RoundState round = coordinator.round().orElse(null);
        if (busy || round == null || away.test(round.number()) || !round.awaited().contains(id)) {
            return;
        }
        switch (round) {
            case RoundState.Collecting collecting -> contribute(collecting.plan());
            case RoundState.Scoring scoring -> score(scoring);
            case RoundState.Merging _ -> {}
            case RoundState.Published _ -> {}
            case RoundState.RolledBack _ -> {}
            case RoundState.Abandoned _ -> {}
        }
    }

    private void contribute(RoundPlan plan) {
        busy = true;
        Optional<Digest> mean = plan.gradients().flatMap(SharedGradients::mean);
        needs = Stream.concat(Stream.of(plan.base()), mean.stream()).collect(Collectors.toSet());
        Invitation invitation =
                new Invitation(
                        plan,
                        coordinator.planDigest(),
                        coordinator.published(),
                        trainer.steps(plan));
        boolean last = coordinator.isLast();
        fetch(plan.base(), () -> fetchMean(mean, () -> train(invitation, last)));
    }

    private void train(Invitation invitation, boolean last) {
        RoundPlan plan = invitation.plan();
        double seconds = trainer.train(plan, invitation.published(), invitation.steps());
        if (!last) {
            trainer.goOn(plan, invitation.published(), seconds);
        }
        agenda.in(seconds + profile.latencySeconds(), () -> offer(invitation));
    }

    /** Receives a model unless it is here, and then goes on. */
    private void fetch(Digest model, Runnable next) {
        if (has.contains(model)) {
            next.run();
            return;
        }
        receive(
                shelf.bytesTo(model, has),
                () -> {
                    has.add(model);
                    next.run();
                });
    }

    /** Receives everybody's mean gradient unless there is none, or it is here, and then goes on. */
    private void fetchMean(Optional<Digest> mean, Runnable next) {
        if (mean.isEmpty() || mean.equals(meanHere)) {
            next.run();
            return;
        }
        receive(
                shelf.bytesTo(mean.get(), Set.of()),
                () -> {
                    meanHere = mean;
                    next.run();
                });
    }

    private void receive(long bytes, Runnable next) {
        agenda.in(
                profile.secondsDown(bytes),
                () -> {
                    tally.received(bytes);
                    next.run();
                });
    }

    /** Trained in virtual time; now the weights are made, and offered by their manifest. */
    private void offer(Invitation invitation) {
        RoundPlan plan = invitation.plan();
        if (work.forgets() && !coordinator.collects(plan.round())) {
            coordinator.late(id, plan.round());
            rest();
            return;
        }
        Path folder = shelf.contributions(plan.round()).resolve(id.value());
        try {
            Files.createDirectories(folder);
            Path base = shelf.path(plan.base());
            Trained trained = trained(invitation, base, folder);
            Parcel parcel =
                    Parcel.of(plan, invitation.planned(), id, trained, base, carried.residual());
            Drafts.delete(Trained.gradient(folder));
            if (coordinator.admits(parcel.manifest())) {
                send(parcel, folder);
            } else {
                Drafts.delete(folder);
                rest();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Trained trained(Invitation invitation, Path base, Path folder) throws IOException {
        RoundPlan plan = invitation.plan();
        Optional<GradientTask> gradients =
                plan.gradients()
                        .map(shared ->
                                new GradientTask(
                                        correction(shared, base, folder),
                                        Trained.gradient(folder)));
        TrainingRun.Result result =
                work.train(
                        new LocalWork.Task(
                                id,
                                plan.round(),
                                invitation.steps(),
                                plan.overlap().map(Overlap::steps).orElse(0),
                                invitation.published() * plan.training().tokensPerRound(),
                                base,
                                gradients),
                        Trained.weights(folder));
        Optional<Path> correction = gradients.flatMap(GradientTask::correction);
        if (correction.isPresent()) {
            Drafts.delete(correction.get());
        }
        return new Trained(folder, result);
    }

    private Optional<Path> correction(SharedGradients shared, Path base, Path folder) {
        Optional<Path> everybody =
                shared.mean().map(mean -> shelf.path(mean).resolve(CodedFile.GRADIENT));
        return carried.gradient()
                .flatMap(
                        own -> everybody.map(all -> GradientCorrection.of(own, all, base, folder)));
    }

    private void send(Parcel parcel, Path folder) {
        long bytes = parcel.manifest().sent().bytes();
        agenda.in(
                profile.secondsUp(bytes),
                () -> {
                    tally.sent(bytes);
                    if (coordinator.take(parcel)) {
                        carried.admitted(parcel);
                    } else {
                        delete(folder);
                    }
                    rest();
                });
    }

    /** A base was made of its contribution: what it carries on counts with the next one. */
    void counted() {
        carried.counted();
    }

    private void score(RoundState.Scoring scoring) {
        busy = true;
        Digest candidate = scoring.candidate().model();
        needs = Set.of(candidate);
        fetch(
                scoring.plan().base(),
                () ->
                        fetch(
                                candidate,
                                () -> {
                                    has.retainAll(Set.of(candidate, scoring.plan().base()));
                                    double seconds = work.stepsToScore() * profile.secondsPerStep();
                                    trainer.pause(seconds);
                                    agenda.in(
                                            seconds + profile.latencySeconds(),
                                            () -> {
                                                coordinator.score(id, candidate);
                                                rest();
                                            });
                                }));
    }

    private void rest() {
        busy = false;
        needs = Set.of();
        look();
    }

    private static void delete(Path folder) {
        try {
            Drafts.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
