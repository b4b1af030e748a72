package dev.tapestry.app.study.simulation;

import dev.tapestry.aggregation.GradientMean;
import dev.tapestry.aggregation.Merge;
import dev.tapestry.aggregation.MergeOrder;
import dev.tapestry.aggregation.MergeOutcome;
import dev.tapestry.aggregation.OuterState;
import dev.tapestry.aggregation.WeightedContribution;
import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Wire;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * What the virtual coordinator makes of contributions, and what it carries from one published base
 * to the next: the outer optimiser's state, and what coding the steps has lost.
 */
final class Candidates {

    private final MergeRule rule;
    private final Optional<ExperimentalRule> experimental;
    private final Optional<CodecName> down;
    private final Optional<CodecName> gradients;
    private Optional<OuterState> state = Optional.empty();
    private Optional<Path> residual = Optional.empty();

    /** Nothing has been merged yet. */
    Candidates(RunPlan plan, Optional<ExperimentalRule> experimental) {
        this.rule = plan.merge();
        this.experimental = experimental;
        this.down = plan.wire().flatMap(Wire::down);
        this.gradients = plan.gradients();
    }

    /**
     * A contribution as the coordinator has it.
     *
     * @param weights the directory of its decoded weights
     * @param gradient the coded mean gradient, where members share theirs
     */
    record Received(Contribution contribution, Path weights, Optional<Path> gradient) {}

    /**
     * A candidate and what would be carried on.
     *
     * @param stepBytes of the coded step; empty where whole models travel
     * @param gradient the directory of the members' coded mean gradient; empty where they share
     *     none
     */
    record Made(
            Candidate candidate,
            Path model,
            Optional<Long> stepBytes,
            Optional<Path> gradient,
            Optional<OuterState> state,
            Optional<Path> residual) {}

    /**
     * Merges, and codes the step if the plan says so.
     *
     * @param contributions that were admitted
     * @param folder an empty one
     */
    Made merge(
            Digest baseDigest,
            Path basePath,
            Map<MemberId, Received> contributions,
            SequencedMap<MemberId, Double> weights,
            Path folder) {
        try (ModelDirectory base = ModelDirectory.open(basePath)) {
            Files.createDirectories(folder);
            MergeOutcome outcome = merge(base, baseDigest, contributions, weights, folder);
            Optional<CodedChange> step = Optional.empty();
            if (down.isPresent()) {
                Path coded = Files.createDirectories(folder.resolve("coded"));
                step =
                        Optional.of(
                                CodedChange.of(
                                        down.get(), base, outcome.candidate(), residual, coded));
            }
            Path model = step.map(CodedChange::seen).orElse(outcome.candidate());
            Optional<Path> gradient = gradient(base, baseDigest, contributions, weights, folder);
            return new Made(
                    candidate(model, outcome, gradient, weights),
                    model,
                    step.map(change -> size(change.update())),
                    gradient,
                    outcome.state(),
                    step.map(CodedChange::residual));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private MergeOutcome merge(
            ModelDirectory base,
            Digest baseDigest,
            Map<MemberId, Received> contributions,
            SequencedMap<MemberId, Double> weights,
            Path folder) {
        Map<MemberId, WeightedContribution> opened = new TreeMap<>();
        try {
            contributions.forEach((member, received) ->
                    opened.put(
                            member,
                            new WeightedContribution(
                                    ModelDirectory.open(received.weights()),
                                    received.contribution().weights(),
                                    weights.getOrDefault(member, 0.0))));
            MergeOrder order = MergeOrder.of(base, baseDigest, opened, rule, state);
            if (experimental.isEmpty()) {
                return Merge.run(order, folder.resolve("candidate"));
            }
            MergeOrder combined =
                    RuleMerge.combined(experimental.get(), order, folder.resolve("combined"));
            try {
                return Merge.run(combined, folder.resolve("candidate"));
            } finally {
                combined.contributions().values().forEach(one -> one.model().close());
            }
        } finally {
            opened.values().forEach(contribution -> contribution.model().close());
        }
    }

    private Optional<Path> gradient(
            ModelDirectory base,
            Digest baseDigest,
            Map<MemberId, Received> contributions,
            SequencedMap<MemberId, Double> weights,
            Path folder)
            throws IOException {
        if (gradients.isEmpty()) {
            return Optional.empty();
        }
        Path decoded = Files.createDirectories(folder.resolve("gradients"));
        Path target = Files.createDirectories(folder.resolve("gradient"));
        Map<MemberId, GradientMean.Weighted> weighted = new TreeMap<>();
        contributions.forEach((member, received) ->
                weighted.put(
                        member,
                        new GradientMean.Weighted(
                                received.gradient().orElseThrow(),
                                received.contribution().envelope(),
                                weights.getOrDefault(member, 0.0))));
        new GradientMean(base, baseDigest, rule, Runtime.getRuntime().availableProcessors())
                .write(gradients.get(), weighted, decoded, target);
        Drafts.delete(decoded);
        return Optional.of(target);
    }

    private static Candidate candidate(
            Path model,
            MergeOutcome outcome,
            Optional<Path> gradient,
            SequencedMap<MemberId, Double> weights) {
        return new Candidate(
                CanonicalJson.digest(Manifests.of(model)),
                outcome.state().map(OuterState::digest),
                Optional.empty(),
                gradient.map(mean -> CanonicalJson.digest(Manifests.of(mean))),
                weights.entrySet().stream()
                        .map(weight -> new Candidate.Weight(weight.getKey(), weight.getValue()))
                        .toList(),
                outcome.statistics().figures());
    }

    /** The candidate has become the base: from now on what it carries counts. */
    void published(Made made) {
        state = made.state();
        residual = made.residual();
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
