package dev.tapestry.app.study.simulation;

import dev.tapestry.app.study.simulation.Population.Profile;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.RoundState;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * A member on the virtual clock. Like a node it does one thing after the other and then looks what
 * the round waits for: it fetches the base, trains, offers its manifest, sends; fetches the
 * candidate and scores. What it has begun it ends, even if the round went on without it.
 */
final class VirtualMember {

    private final MemberId id;
    private final Profile profile;
    private final Predicate<RoundNumber> away;
    private final Agenda agenda;
    private final VirtualCoordinator coordinator;
    private final ModelShelf shelf;
    private final LocalWork work;
    private final Tally tally;
    private final Path memory;
    private final Set<Digest> has = new HashSet<>();
    private Optional<Digest> trainsFrom = Optional.empty();
    private Optional<Path> sentResidual = Optional.empty();
    private boolean busy;

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
        this.away = away;
        this.agenda = agenda;
        this.coordinator = coordinator;
        this.shelf = shelf;
        this.work = work;
        this.tally = tally;
        this.memory = memory;
    }

    /** The base that it is training from, which must stay until it is done. */
    Optional<Digest> trainsFrom() {
        return trainsFrom;
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
        trainsFrom = Optional.of(plan.base());
        Digest planned = coordinator.planDigest();
        int published = coordinator.published();
        fetch(
                plan.base(),
                () -> {
                    double seconds = plan.training().steps() * profile.secondsPerStep();
                    tally.trains(id, plan.round(), agenda.seconds(), seconds);
                    agenda.in(
                            seconds + profile.latencySeconds(),
                            () -> offer(plan, planned, published));
                });
    }

    /** Receives a model unless it is here, and then goes on. */
    private void fetch(Digest model, Runnable next) {
        if (has.contains(model)) {
            next.run();
            return;
        }
        long bytes = shelf.bytesTo(model, has);
        agenda.in(
                profile.secondsDown(bytes),
                () -> {
                    tally.received(bytes);
                    has.add(model);
                    next.run();
                });
    }

    /** Trained in virtual time; now the weights are made, and offered by their manifest. */
    private void offer(RoundPlan plan, Digest planned, int published) {
        if (work.forgets() && !coordinator.collects(plan.round())) {
            coordinator.late(id, plan.round());
            rest();
            return;
        }
        Path folder = shelf.contributions(plan.round()).resolve(id.value());
        try {
            Files.createDirectories(folder);
            Path weights = folder.resolve("weights");
            long schedule = published * plan.training().tokensPerRound();
            TrainingRun.Result trained =
                    work.train(id, plan.round(), schedule, shelf.path(plan.base()), weights);
            Optional<CodedChange> coded = coded(plan, weights, folder);
            ContributionManifest manifest =
                    manifest(
                            plan,
                            planned,
                            coded.map(CodedChange::seen).orElse(weights),
                            coded,
                            trained);
            if (coordinator.admits(manifest)) {
                send(manifest, coded, weights, folder);
            } else {
                Drafts.delete(folder);
                rest();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Optional<CodedChange> coded(RoundPlan plan, Path weights, Path folder) {
        return plan.up()
                .map(codec -> {
                    try (ModelDirectory base = ModelDirectory.open(shelf.path(plan.base()))) {
                        Path lost = residual();
                        return CodedChange.of(
                                codec,
                                base,
                                weights,
                                Files.exists(lost) ? Optional.of(lost) : Optional.empty(),
                                folder);
                    }
                });
    }

    private ContributionManifest manifest(
            RoundPlan plan,
            Digest planned,
            Path seen,
            Optional<CodedChange> coded,
            TrainingRun.Result trained) {
        List<ModelManifest.File> files =
                Manifests.of(seen).files().stream()
                        .filter(file -> file.path().endsWith(".safetensors"))
                        .toList();
        return new ContributionManifest(
                plan.round(),
                id,
                plan.base(),
                planned,
                new ModelManifest(files),
                coded.map(change ->
                        new CodedFile(plan.up().orElseThrow(), Manifests.file(change.update()))),
                Optional.empty(),
                trained.tokens(),
                trained.steps(),
                trained.bitsPerByte());
    }

    private void send(
            ContributionManifest manifest, Optional<CodedChange> coded, Path weights, Path folder) {
        long bytes = manifest.sent().bytes();
        agenda.in(
                profile.secondsUp(bytes),
                () -> {
                    tally.sent(bytes);
                    Path seen = coded.map(CodedChange::seen).orElse(weights);
                    sentResidual = coded.map(CodedChange::residual);
                    if (!coordinator.take(manifest, seen)) {
                        sentResidual = Optional.empty();
                        delete(folder);
                    }
                    rest();
                });
    }

    /** A base was made of its contribution: what the codec lost now goes with the next one. */
    void counted() {
        sentResidual.ifPresent(lost -> {
            try {
                Files.move(lost, residual(), StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        sentResidual = Optional.empty();
    }

    private Path residual() {
        return memory.resolve("residual-of-" + id + ".safetensors");
    }

    private void score(RoundState.Scoring scoring) {
        busy = true;
        Digest candidate = scoring.candidate().model();
        trainsFrom = Optional.of(candidate);
        fetch(
                scoring.plan().base(),
                () ->
                        fetch(
                                candidate,
                                () -> {
                                    has.retainAll(Set.of(candidate, scoring.plan().base()));
                                    agenda.in(
                                            work.stepsToScore() * profile.secondsPerStep()
                                                    + profile.latencySeconds(),
                                            () -> {
                                                coordinator.score(id, candidate);
                                                rest();
                                            });
                                }));
    }

    private void rest() {
        busy = false;
        trainsFrom = Optional.empty();
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
