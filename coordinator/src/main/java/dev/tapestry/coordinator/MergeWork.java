package dev.tapestry.coordinator;

import dev.tapestry.aggregation.Merge;
import dev.tapestry.aggregation.MergeOrder;
import dev.tapestry.aggregation.MergeOutcome;
import dev.tapestry.aggregation.OuterState;
import dev.tapestry.aggregation.WeightedContribution;
import dev.tapestry.aggregation.weighting.Apportionment.Apportioned;
import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.RoundWork.Step;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Merges a round from the files in the coordinator's directory, always the same way: the round desk
 * does it once, whoever verifies does it again.
 */
final class MergeWork {

    private final ModelStore models;
    private final ContributionStore contributions;
    private final Path momenta;
    private final ResidualStore residuals;
    private final SharedFiles shared;

    MergeWork(
            ModelStore models,
            ContributionStore contributions,
            Path momenta,
            ResidualStore residuals,
            SharedFiles shared) {
        this.models = models;
        this.contributions = contributions;
        this.momenta = momenta;
        this.residuals = residuals;
        this.shared = shared;
        FileTrees.create(momenta);
    }

    /**
     * Merges into a folder of its own, where a merge that was killed goes on, and puts the outcome
     * into the stores.
     */
    Candidate merge(RoundRecord round, Apportioned weights, int threads, WorkBoard board) {
        Path folder = folder(round);
        FileTrees.create(folder);
        board.begin(round.number(), Step.REBASING);
        MergeOutcome outcome =
                withOrder(
                        round,
                        weights.weights(),
                        folder.resolve("rebased"),
                        order ->
                                Merge.run(
                                        order,
                                        folder.resolve("candidate"),
                                        threads,
                                        models.sums(),
                                        headway -> board.merge(round.number(), headway)));
        board.begin(round.number(), Step.KEEPING);
        Optional<Digest> state = outcome.state().map(this::keep);
        if (round.plan().down().isPresent()) {
            board.begin(round.number(), Step.CODING);
        }
        Optional<StepCoding> coding =
                code(
                        round,
                        outcome.candidate(),
                        folder,
                        threads,
                        (done, all) -> board.at(0, 0, done, all));
        board.begin(round.number(), Step.KEEPING);
        Digest model =
                coding.map(coded -> keep(round, coded))
                        .orElseGet(() -> models.adopt(outcome.candidate()));
        if (round.plan().gradients().isPresent()) {
            board.begin(round.number(), Step.AVERAGING);
        }
        return new Candidate(
                model,
                state,
                coding.map(StepCoding::step),
                gradient(round, weights.weights(), folder, threads).map(models::adopt),
                weights.weights().entrySet().stream()
                        .map(weight -> new Candidate.Weight(weight.getKey(), weight.getValue()))
                        .toList(),
                outcome.statistics().figures());
    }

    /** What of that which the merge reads was damaged, see {@link Inspection#damaged}. */
    SortedMap<MemberId, String> damaged(RoundRecord round, WorkBoard board) {
        board.begin(round.number(), Step.INSPECTING);
        int all = round.admitted().size();
        return new Inspection(models, contributions, momenta, residuals, shared)
                .damaged(round, number -> board.at(number, all, 0, 0));
    }

    /** Codes the step to a merged model if the round's plan asks for it. */
    Optional<StepCoding> code(
            RoundRecord round, Path merged, Path folder, int threads, StepCoding.Headway headway) {
        return round.plan()
                .down()
                .map(codec -> {
                    try (ModelDirectory base = models.open(round.plan().base())) {
                        return StepCoding.run(
                                codec,
                                base,
                                merged,
                                round.residual(),
                                residuals,
                                folder,
                                threads,
                                headway);
                    }
                });
    }

    /**
     * The coded mean of the members' gradients, in a directory, if the round's plan shares them.
     */
    Optional<Path> gradient(
            RoundRecord round, SequencedMap<MemberId, Double> weights, Path folder, int threads) {
        return round.plan()
                .gradients()
                .map(shared -> {
                    try (ModelDirectory base = models.open(round.plan().base())) {
                        return new GradientMerge(round, contributions, folder, threads)
                                .run(shared.codec(), weights, base);
                    }
                });
    }

    private Digest keep(RoundRecord round, StepCoding coded) {
        residuals.adopt(coded.residual(), coded.step().residualAfter());
        return models.adopt(
                coded.candidate(), round.plan().base(), coded.step().codec(), coded.update());
    }

    /** Removes what a merge leaves where it worked. */
    void cleanUp(RoundRecord round) {
        FileTrees.delete(folder(round));
    }

    private Path folder(RoundRecord round) {
        return momenta.resolveSibling("merging").resolve(round.number().toString());
    }

    private Digest keep(OuterState found) {
        OuterState kept = OuterState.in(momenta, found.digest());
        if (!Files.exists(kept.directory())) {
            FileTrees.move(found.directory(), kept.directory());
        }
        shared.keep(kept.directory());
        return found.digest();
    }

    /**
     * Opens everything that determines the merge of a round, and closes it after {@code work}.
     *
     * @param scratch where what was contributed late is put on top of the round's base; cleared
     */
    <T> T withOrder(
            RoundRecord round,
            SequencedMap<MemberId, Double> weights,
            Path scratch,
            Function<MergeOrder, T> work) {
        Map<MemberId, WeightedContribution> opened = new TreeMap<>();
        Rebasing rebasing = new Rebasing(models, round, scratch);
        try (ModelDirectory base =
                ModelDirectory.open(
                        models.directory(round.plan().base())
                                .orElseThrow(() -> notKept(round, "its base")))) {
            for (var weight : weights.entrySet()) {
                Contribution contribution = round.admitted().get(weight.getKey());
                if (contribution == null) {
                    throw new CoordinatorException(
                            Code.LOG,
                            "round %s gives weight to %s, which did not contribute"
                                    .formatted(round.number(), weight.getKey()));
                }
                Path folder = contributions.folder(round.number(), contribution);
                if (!Files.exists(folder)) {
                    throw notKept(round, "the contribution of " + weight.getKey());
                }
                opened.put(
                        weight.getKey(),
                        rebasing.weighted(contribution, folder, weight.getValue()));
            }
            return work.apply(
                    MergeOrder.keepingUpdate(
                            base,
                            round.plan().base(),
                            opened,
                            round.plan().merge(),
                            round.momentum().flatMap(digest -> state(round, digest))));
        } finally {
            opened.values().forEach(contribution -> contribution.model().close());
            rebasing.clear();
        }
    }

    /** The state to go on with; none where a run by another kind of rule left it. */
    private Optional<OuterState> state(RoundRecord round, Digest digest) {
        OuterState state = OuterState.in(momenta, digest);
        if (!fetch(state)) {
            throw notKept(round, "the outer state " + digest.abbreviated());
        }
        return Optional.of(state).filter(found -> found.fits(round.plan().merge()));
    }

    /** Makes sure that an outer optimiser's state is here; false if it is nowhere. */
    boolean fetch(OuterState state) {
        return shared.fetch(state.directory(), draft -> check(draft, state.digest()));
    }

    static void check(Path draft, Digest digest) {
        if (!new OuterState(draft, digest).isIntact()) {
            throw new CoordinatorException(
                    Code.MODEL,
                    "the outer state %s is damaged in the store, restore it from a backup"
                            .formatted(digest.abbreviated()));
        }
    }

    static CoordinatorException notKept(RoundRecord round, String what) {
        return new CoordinatorException(
                Code.NOT_KEPT,
                "%s of round %s is no longer (or not yet) in the coordinator's directory; keepRounds says for how long files are kept"
                        .formatted(what, round.number()));
    }
}
