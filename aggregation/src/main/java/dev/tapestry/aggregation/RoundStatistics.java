package dev.tapestry.aggregation;

import dev.tapestry.aggregation.MergeSums.Of;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeFigures;
import dev.tapestry.consortium.OuterOptimizer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a merge saw of the members' updates, for the log; the same to the last bit for whoever
 * merges the same order.
 *
 * @param members by member id
 * @param aggregateNorm Euclidean norm ‖Δ‖ of the merged update, over all tensors
 * @param whole over all tensors
 * @param groups the same by kind of tensor, for those that the model has
 * @param step rates of the outer optimiser in this merge
 */
public record RoundStatistics(
        SequencedMap<MemberId, MemberUpdate> members,
        double aggregateNorm,
        Agreement whole,
        Map<TensorGroup, Agreement> groups,
        Step step) {

    /**
     * One member's update Δₘ = θ − θₘ.
     *
     * @param weight wₘ in the merge
     * @param norm Euclidean norm ‖Δₘ‖ over all tensors
     * @param cosineWithAggregate between Δₘ and Δ; 0 where one of them is zero
     */
    public record MemberUpdate(double weight, double norm, double cosineWithAggregate) {}

    /**
     * How much the updates agree, among members and from round to round.
     *
     * @param normRatio ‖Δ‖² ÷ Σ wₘ ‖Δₘ‖²: 1 where all members say the same, 1/M for M orthogonal
     *     updates under the mean; 0 where nobody moved
     * @param cosineWithPrevious between Δ and that of the merge before; empty unless that was kept
     * @param momentum how Δ lies to the first moment before this merge; empty where there was none
     */
    public record Agreement(
            double normRatio, OptionalDouble cosineWithPrevious, Optional<Momentum> momentum) {}

    /**
     * The exact decomposition of a step with momentum b into a part along Δ and one across it: with
     * c = ⟨b, Δ⟩ ÷ ‖Δ‖² the step is A Δ + (what of b is orthogonal to Δ).
     *
     * @param cosine between b and Δ; 0 where one of them is zero
     * @param alignment c; 0 where Δ is zero
     * @param alignedGain A, 1 + μ + μ²c for Nesterov's momentum and 1 + μc for the heavy ball;
     *     empty for adaptive optimisers, and where gathered updates turn the momentum
     * @param transverse r = ‖b − cΔ‖ ÷ ‖Δ‖; 0 where Δ is zero
     */
    public record Momentum(
            double cosine, double alignment, OptionalDouble alignedGain, double transverse) {}

    /**
     * What the outer optimiser did.
     *
     * @param learningRate η
     * @param momentum μ; empty for adaptive optimisers
     */
    public record Step(double learningRate, OptionalDouble momentum) {}

    public RoundStatistics {
        members = Collections.unmodifiableSequencedMap(new TreeMap<>(members));
        groups = Collections.unmodifiableMap(new TreeMap<>(groups));
    }

    /** What of it stands in the log. */
    public MergeFigures figures() {
        List<MergeFigures.Agreement> all = new ArrayList<>();
        all.add(figures(MergeFigures.ALL, whole));
        groups.forEach((group, agreement) -> all.add(figures(group.name(), agreement)));
        return new MergeFigures(step.learningRate(), boxed(step.momentum()), aggregateNorm, all);
    }

    private static MergeFigures.Agreement figures(String group, Agreement agreement) {
        Optional<Momentum> momentum = agreement.momentum();
        return new MergeFigures.Agreement(
                group,
                agreement.normRatio(),
                boxed(agreement.cosineWithPrevious()).map(RoundStatistics::rounded),
                momentum.map(Momentum::cosine).map(RoundStatistics::rounded),
                momentum.flatMap(before -> boxed(before.alignedGain())),
                momentum.map(Momentum::transverse));
    }

    private static Optional<Double> boxed(OptionalDouble value) {
        return value.isPresent() ? Optional.of(value.getAsDouble()) : Optional.empty();
    }

    /** A cosine that rounding took out of its range, or to a zero with a sign, which JSON lacks. */
    private static double rounded(double cosine) {
        return Math.clamp(cosine, -1, 1) + 0.0;
    }

    static RoundStatistics of(MergeOrder order, MergeSums sums) {
        OuterStep step = OuterStep.of(order.rule().outer(), order.state());
        double aggregateSquared = sums.total(Of.AGGREGATE_SQUARED);
        SequencedMap<MemberId, MemberUpdate> members = new TreeMap<>();
        int index = 0;
        for (var entry : order.contributions().entrySet()) {
            double squared = sums.memberSquared(index);
            double cosine = cosine(sums.memberWithAggregate(index), squared, aggregateSquared);
            members.put(
                    entry.getKey(),
                    new MemberUpdate(entry.getValue().weight(), Math.sqrt(squared), cosine));
            index++;
        }
        Set<Buffer> kept = order.buffersBefore();
        double[] whole = new double[Of.values().length];
        Map<TensorGroup, Agreement> groups = new EnumMap<>(TensorGroup.class);
        for (TensorGroup group : TensorGroup.values()) {
            double[] of = new double[whole.length];
            for (Of what : Of.values()) {
                of[what.index()] = sums.of(group, what);
                whole[what.index()] += of[what.index()];
            }
            if (order.base().tensors().keySet().stream()
                    .anyMatch(tensor -> TensorGroup.of(tensor) == group)) {
                groups.put(group, agreement(of, kept, step));
            }
        }
        return new RoundStatistics(
                members,
                Math.sqrt(aggregateSquared),
                agreement(whole, kept, step),
                groups,
                rates(step));
    }

    /** What the next merge is to know beside the buffers. */
    static StateNotes notes(MergeOrder order, MergeSums sums) {
        return switch (OuterStep.of(order.rule().outer(), order.state())) {
            case OuterStep.Delayed delayed ->
                    StateNotes.ofGathered(delayed.turns() ? 0 : delayed.gathered() + 1);
            case OuterStep.Descent _, OuterStep.AdaptiveDescent _ ->
                    order.rule().outer() instanceof OuterOptimizer.Measured measured
                                    && order.state().isPresent()
                            ? StateNotes.ofCosine(
                                    measured(measured, order.state().get().notes(), sums))
                            : StateNotes.NONE;
        };
    }

    /** ρ̂ after a merge before which there was another. */
    private static double measured(
            OuterOptimizer.Measured measured, StateNotes notes, MergeSums sums) {
        double cosine =
                cosine(
                        sums.total(Of.PREVIOUS_WITH_AGGREGATE),
                        sums.total(Of.PREVIOUS_SQUARED),
                        sums.total(Of.AGGREGATE_SQUARED));
        OptionalDouble before = notes.cosine();
        return before.isEmpty()
                ? cosine
                : measured.memory() * before.getAsDouble() + (1 - measured.memory()) * cosine;
    }

    private static Step rates(OuterStep step) {
        return new Step(
                step.learningRate(),
                switch (step) {
                    case OuterStep.Descent descent -> OptionalDouble.of(descent.momentum());
                    case OuterStep.Delayed delayed -> OptionalDouble.of(delayed.momentum());
                    case OuterStep.AdaptiveDescent _ -> OptionalDouble.empty();
                });
    }

    private static Agreement agreement(double[] sums, Set<Buffer> kept, OuterStep step) {
        double squared = sums[Of.AGGREGATE_SQUARED.index()];
        double members = sums[Of.MEMBERS_SQUARED.index()];
        OptionalDouble previous =
                Buffer.update(kept).isPresent()
                        ? OptionalDouble.of(
                                cosine(
                                        sums[Of.PREVIOUS_WITH_AGGREGATE.index()],
                                        sums[Of.PREVIOUS_SQUARED.index()],
                                        squared))
                        : OptionalDouble.empty();
        Optional<Momentum> momentum =
                kept.contains(Buffer.FIRST_MOMENT)
                        ? Optional.of(
                                momentum(
                                        sums[Of.MOMENTUM_WITH_AGGREGATE.index()],
                                        sums[Of.MOMENTUM_SQUARED.index()],
                                        squared,
                                        step))
                        : Optional.empty();
        return new Agreement(members == 0 ? 0 : squared / members, previous, momentum);
    }

    private static Momentum momentum(
            double product, double momentumSquared, double squared, OuterStep step) {
        double c = squared == 0 ? 0 : product / squared;
        double across = squared == 0 ? 0 : Math.max(0, momentumSquared / squared - c * c);
        return new Momentum(
                cosine(product, momentumSquared, squared),
                c,
                step.alignedGain(c),
                Math.sqrt(across));
    }

    private static double cosine(double product, double squared, double otherSquared) {
        double norms = Math.sqrt(squared) * Math.sqrt(otherSquared);
        return norms == 0 ? 0 : product / norms;
    }
}
