package dev.tapestry.aggregation;

import dev.tapestry.consortium.PlanRules;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The opened models of an order, checked to fit each other. */
final class MergeInputs implements AutoCloseable {

    private final MergeOrder order;
    private final List<ModelDirectory> members;
    private final List<Double> weights;
    private final Map<Buffer, ModelDirectory> state;

    private MergeInputs(MergeOrder order, Map<Buffer, ModelDirectory> state) {
        this.order = order;
        this.members =
                order.contributions().values().stream().map(WeightedContribution::model).toList();
        this.weights =
                order.contributions().values().stream().map(WeightedContribution::weight).toList();
        this.state = state;
    }

    /**
     * Opens the outer state and checks that all models have the base's tensors.
     *
     * @throws AggregationException {@code TENSORS_DIFFER} if not; {@code INVALID_ORDER} if the rule
     *     cannot merge so few contributions, or the state is that of another kind of rule
     */
    static MergeInputs open(MergeOrder order) {
        requireRuleThatWorks(order);
        requireAllF32("the base", order.base());
        order.contributions()
                .forEach((member, contribution) ->
                        requireSameTensors(
                                "the contribution of " + member,
                                order.base(),
                                contribution.model()));
        Map<Buffer, ModelDirectory> state = new EnumMap<>(Buffer.class);
        try {
            order.state()
                    .ifPresent(found -> {
                        for (Buffer buffer : order.buffersBefore()) {
                            ModelDirectory model =
                                    ModelDirectory.open(found.directory().resolve(buffer.folder()));
                            state.put(buffer, model);
                            requireSameTensors("the " + buffer.folder(), order.base(), model);
                            requireAllF32("the " + buffer.folder(), model);
                        }
                    });
            return new MergeInputs(order, state);
        } catch (RuntimeException e) {
            state.values().forEach(ModelDirectory::close);
            throw e;
        }
    }

    private static void requireRuleThatWorks(MergeOrder order) {
        int voters =
                (int) order.contributions().values().stream().filter(c -> c.weight() > 0).count();
        PlanRules.refusal(order.rule(), voters)
                .ifPresent(refusal -> {
                    throw new AggregationException(
                            AggregationException.Code.INVALID_ORDER,
                            refusal.finding() + ": " + refusal.detail());
                });
        order.state()
                .filter(state -> !state.fits(order.rule()))
                .ifPresent(state -> {
                    throw new AggregationException(
                            AggregationException.Code.INVALID_ORDER,
                            "the outer state in %s holds %s with %d gathered updates; the rule keeps %s of %s: begin without a state"
                                    .formatted(
                                            state.directory(),
                                            state.buffers(),
                                            state.notes().gathered().orElse(0),
                                            Buffer.of(order.rule()),
                                            order.rule().outer()));
                });
    }

    MergeOrder order() {
        return order;
    }

    List<Double> weights() {
        return weights;
    }

    /** How many contributions there are. */
    int members() {
        return members.size();
    }

    /** How many numbers the base has, and each contribution. */
    long elements() {
        return order.base().bytes() / Float.BYTES;
    }

    /** Where the numbers of one tensor come from. */
    TensorMerge tensor(TensorSpec spec) {
        String name = spec.name();
        Map<Buffer, MemorySegment> before = new EnumMap<>(Buffer.class);
        state.forEach((buffer, model) -> before.put(buffer, model.data(name)));
        return new TensorMerge(
                spec,
                order.base().data(name),
                members.stream().map(model -> MemberTensor.of(model, name)).toList(),
                before);
    }

    @Override
    public void close() {
        state.values().forEach(ModelDirectory::close);
    }

    private static void requireSameTensors(String what, ModelDirectory base, ModelDirectory model) {
        SchemaCheck.firstProblem(base, model)
                .ifPresent(refusal -> {
                    throw new AggregationException(
                            AggregationException.Code.TENSORS_DIFFER,
                            what + " does not fit the base: " + refusal.detail());
                });
    }

    private static void requireAllF32(String what, ModelDirectory model) {
        for (TensorSpec spec : model.tensors().values()) {
            if (spec.dtype() != DType.F32) {
                throw new AggregationException(
                        AggregationException.Code.TENSORS_DIFFER,
                        "%s holds '%s' as %s; merges start from F32, convert it first"
                                .formatted(what, spec.name(), spec.dtype()));
            }
        }
    }
}
