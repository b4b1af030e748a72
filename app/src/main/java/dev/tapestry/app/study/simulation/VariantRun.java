package dev.tapestry.app.study.simulation;

import dev.tapestry.app.study.simulation.SimulationPlan.Variant;
import dev.tapestry.app.study.simulation.SimulationReport.Outcome;
import dev.tapestry.app.study.simulation.SimulationReport.Round;
import dev.tapestry.app.study.simulation.SimulationReport.VariantResult;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CandidateMerged;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.ConsortiumEvent.RoundAbandoned;
import dev.tapestry.consortium.ConsortiumEvent.RoundAnnounced;
import dev.tapestry.consortium.ConsortiumEvent.RoundRolledBack;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundState;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** One variant, from its first announcement to the end of its run. */
final class VariantRun {

    private static final long PATIENCE_NANOS = 15_000_000_000L;

    private final SimulationPlan plan;
    private final Variant variant;
    private final Map<String, ExperimentalRule> rules;
    private final Resources resources;
    private final Consumer<String> say;
    private final Agenda agenda = new Agenda();
    private final Population population;
    private final Tally tally;
    private final SortedMap<MemberId, VirtualMember> members = new TreeMap<>();
    private long told = System.nanoTime();

    VariantRun(
            SimulationPlan plan,
            Variant variant,
            Map<String, ExperimentalRule> rules,
            Resources resources,
            Consumer<String> say) {
        this.plan = plan;
        this.variant = variant;
        this.rules = rules;
        this.resources = resources;
        this.say = say;
        this.population = new Population(plan.members(), plan.seed());
        this.tally = new Tally(plan.members().count());
    }

    /**
     * Runs it.
     *
     * @param cache where text is kept
     * @param folder an empty one
     */
    VariantResult run(Path cache, Path folder) throws IOException {
        RunPlan run = plan.run(variant);
        Path states = Files.createDirectory(folder.resolve("states"));
        try (LocalWork work =
                plan.learning()
                        .open(
                                new Learning.Setting(
                                        plan.members().count(),
                                        run,
                                        plan.seed(),
                                        cache,
                                        states,
                                        resources))) {
            return run(work, folder);
        }
    }

    /**
     * Runs it.
     *
     * @param work what members train with
     * @param folder where models go
     */
    VariantResult run(LocalWork work, Path folder) throws IOException {
        RunPlan run = plan.run(variant);
        Path memory = Files.createDirectory(folder.resolve("members"));
        Path start = folder.resolve("start");
        work.writeStart(start);
        ModelShelf shelf = new ModelShelf(folder, start);
        VirtualCoordinator coordinator = coordinator(run, work, shelf);
        List<MemberId> ids = work.members();
        for (int place = 0; place < ids.size(); place++) {
            int its = place;
            members.put(
                    ids.get(place),
                    new VirtualMember(
                            ids.get(place),
                            population.profile(place),
                            round -> population.away(its, round),
                            agenda,
                            coordinator,
                            shelf,
                            work,
                            tally,
                            memory));
        }
        return result(run, coordinator, shelf);
    }

    private VirtualCoordinator coordinator(RunPlan run, LocalWork work, ModelShelf shelf) {
        Candidates candidates = new Candidates(run, Optional.ofNullable(rules.get(variant.name())));
        return new VirtualCoordinator(
                agenda,
                plan.charter(),
                plan.mergeTime(),
                candidates,
                shelf,
                work,
                (event, after, losses) -> on(event, after, losses, shelf));
    }

    private VariantResult result(RunPlan run, VirtualCoordinator coordinator, ModelShelf shelf) {
        double startLoss = Tally.mean(coordinator.baseLosses());
        long modelBytes = shelf.bytes();
        Optional<String> broke = Optional.empty();
        try {
            coordinator.begin(run);
            while (agenda.next()) {
                resources.stop().check();
                tellOfLongWork(coordinator);
            }
        } catch (Diverged e) {
            broke = Optional.of(String.valueOf(e.getMessage()));
        } catch (WeightsException e) {
            if (e.code() != WeightsException.Code.NOT_FINITE) {
                throw e;
            }
            broke = Optional.of(String.valueOf(e.getMessage()));
        }
        broke.ifPresent(why -> say.accept(variant.name() + " broke: " + why));
        double end = agenda.seconds();
        SortedMap<MemberId, Double> losses = coordinator.baseLosses();
        MemberId worst = Tally.worst(losses);
        return new VariantResult(
                variant.name(),
                broke,
                (int)
                        tally.rounds().stream()
                                .filter(round -> round.outcome() == Outcome.PUBLISHED)
                                .count(),
                end,
                modelBytes,
                tally.upPerMember(),
                tally.downPerMember(),
                tally.merged(),
                tally.late(),
                tally.refusals(),
                tally.utilisation(end),
                tally.mergedShare(end),
                startLoss,
                Tally.mean(losses),
                losses.getOrDefault(worst, 0.0),
                worst,
                tally.rounds());
    }

    /** A round of hundreds of trainings is not silent. */
    private void tellOfLongWork(VirtualCoordinator coordinator) {
        if (System.nanoTime() - told > PATIENCE_NANOS) {
            coordinator
                    .round()
                    .ifPresent(round ->
                            tell(
                                    "%s: round %s is %s, %d contributions are in"
                                            .formatted(
                                                    variant.name(),
                                                    round.number(),
                                                    round.phase(),
                                                    round.admitted().size())));
        }
    }

    private void tell(String line) {
        told = System.nanoTime();
        say.accept(line);
    }

    private void on(
            ConsortiumEvent event,
            Consortium after,
            SortedMap<MemberId, Double> losses,
            ModelShelf shelf) {
        switch (event) {
            case RoundAnnounced _ -> {
                tally.announced(agenda.seconds());
                members.values().forEach(VirtualMember::wake);
            }
            case CandidateMerged _ -> members.values().forEach(VirtualMember::wake);
            case ContributionRefused refused -> tally.refused(refused);
            case BasePublished _ -> {
                RoundState round = after.round().orElseThrow();
                members.forEach((id, member) -> {
                    if (round.admitted().containsKey(id)) {
                        member.counted();
                    }
                });
                over(round, Outcome.PUBLISHED, losses, shelf);
            }
            case RoundRolledBack _ ->
                    over(after.round().orElseThrow(), Outcome.ROLLED_BACK, losses, shelf);
            case RoundAbandoned _ ->
                    over(after.round().orElseThrow(), Outcome.ABANDONED, losses, shelf);
            // The rest changes no figure.
            case ConsortiumEvent.Founded _ -> {}
            case ConsortiumEvent.TokenIssued _ -> {}
            case ConsortiumEvent.CoordinatorMoved _ -> {}
            case ConsortiumEvent.MemberEnrolled _ -> {}
            case ConsortiumEvent.CertificateRenewed _ -> {}
            case ConsortiumEvent.MemberRevoked _ -> {}
            case ConsortiumEvent.BaseAdopted _ -> {}
            case ConsortiumEvent.RunStarted _ -> {}
            case ConsortiumEvent.RunEnded _, ConsortiumEvent.RunStopped _ -> {}
            case ConsortiumEvent.ContributionAdmitted _ -> {}
            case ConsortiumEvent.ContributionLost _ -> {}
            case ConsortiumEvent.CollectionClosed _ -> {}
            case ConsortiumEvent.LeasesLapsed _ -> {}
            case ConsortiumEvent.CandidateScored _ -> {}
        }
    }

    private void over(
            RoundState round,
            Outcome outcome,
            SortedMap<MemberId, Double> losses,
            ModelShelf shelf) {
        int away =
                (int)
                        IntStream.range(0, members.size())
                                .filter(place -> population.away(place, round.number()))
                                .count();
        Round figures = tally.over(round, outcome, agenda.seconds(), away, losses);
        Set<Digest> needed =
                members.values().stream()
                        .flatMap(member -> member.needs().stream())
                        .collect(Collectors.toSet());
        shelf.tidy(round.number(), needed);
        tell(SimulationText.progress(variant.name(), figures, plan.run(variant).rounds()));
    }
}
