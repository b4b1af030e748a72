package dev.tapestry.app.study.simulation;

import dev.tapestry.aggregation.Merge;
import dev.tapestry.aggregation.MergeOrder;
import dev.tapestry.aggregation.MergeOutcome;
import dev.tapestry.aggregation.OuterState;
import dev.tapestry.aggregation.WeightedContribution;
import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.trust.json.CanonicalJson;
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
    private Optional<OuterState> state = Optional.empty();
    private Optional<Path> residual = Optional.empty();

    Candidates(MergeRule rule, Optional<ExperimentalRule> experimental, Optional<CodecName> down) {
        this.rule = rule;
        this.experimental = experimental;
        this.down = down;
    }

    /** A contribution as the coordinator has it. */
    record Received(Path weights, Digest digest) {}

    /**
     * A candidate and what would be carried on.
     *
     * @param stepBytes of the coded step; empty where whole models travel
     */
    record Made(
            Candidate candidate,
            Path model,
            Optional<Long> stepBytes,
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
            return new Made(
                    candidate(model, outcome, weights),
                    model,
                    step.map(change -> size(change.update())),
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
                                    received.digest(),
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

    private static Candidate candidate(
            Path model, MergeOutcome outcome, SequencedMap<MemberId, Double> weights) {
        return new Candidate(
                CanonicalJson.digest(Manifests.of(model)),
                outcome.state().map(OuterState::digest),
                weights.entrySet().stream()
                        .map(weight -> new Candidate.Weight(weight.getKey(), weight.getValue()))
                        .toList());
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
