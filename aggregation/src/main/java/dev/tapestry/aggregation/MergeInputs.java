package dev.tapestry.aggregation;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.util.List;
import java.util.Optional;

/** The opened models of an order, checked to fit each other. */
final class MergeInputs implements AutoCloseable {

    private final MergeOrder order;
    private final List<ModelDirectory> members;
    private final List<Double> weights;
    private final Optional<ModelDirectory> momentum;

    private MergeInputs(MergeOrder order, Optional<ModelDirectory> momentum) {
        this.order = order;
        this.members =
                order.contributions().values().stream().map(WeightedContribution::model).toList();
        this.weights =
                order.contributions().values().stream().map(WeightedContribution::weight).toList();
        this.momentum = momentum;
    }

    /**
     * Opens the momentum and checks that all models have the base's tensors.
     *
     * @throws AggregationException {@code TENSORS_DIFFER} if not
     */
    static MergeInputs open(MergeOrder order) {
        requireAllF32("the base", order.base());
        order.contributions()
                .forEach((member, contribution) ->
                        requireSameTensors(
                                "the contribution of " + member,
                                order.base(),
                                contribution.model()));
        Optional<ModelDirectory> momentum =
                order.momentum().map(state -> ModelDirectory.open(state.directory()));
        try {
            momentum.ifPresent(model -> {
                requireSameTensors("the momentum", order.base(), model);
                requireAllF32("the momentum", model);
            });
            return new MergeInputs(order, momentum);
        } catch (AggregationException e) {
            momentum.ifPresent(ModelDirectory::close);
            throw e;
        }
    }

    MergeOrder order() {
        return order;
    }

    List<Double> weights() {
        return weights;
    }

    /** Where the numbers of one tensor come from and go to. */
    TensorMerge tensor(TensorSpec spec, ShardSink target, Optional<ShardSink> newMomentum) {
        String name = spec.name();
        return new TensorMerge(
                spec,
                order.base().data(name),
                members.stream().map(model -> MemberTensor.of(model, name)).toList(),
                momentum.map(model -> model.data(name)),
                target,
                newMomentum);
    }

    @Override
    public void close() {
        momentum.ifPresent(ModelDirectory::close);
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
