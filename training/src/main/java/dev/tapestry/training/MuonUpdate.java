package dev.tapestry.training;

import dev.tapestry.training.ParameterLayout.Range;
import dev.tapestry.training.ParameterLayout.Slot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Muon on the layers' matrices:
 *
 * <pre>
 * m ← μm + g     u = NewtonSchulz(g + μm)     θ ← θ − η·λ·θ − η·0.2·√max(rows, columns)·u
 * </pre>
 *
 * <p>All layers' matrices of one shape, transposed where they are tall, go through the iteration as
 * one batch.
 */
final class MuonUpdate {

    /** One kind of matrix, of all layers. */
    private record Kind(long offset, long rows, long columns) {
        boolean tall() {
            return rows > columns;
        }

        long narrowSide() {
            return Math.min(rows, columns);
        }

        long wideSide() {
            return Math.max(rows, columns);
        }
    }

    private static final List<String> KINDS =
            List.of(
                    "self_attn.q_proj",
                    "self_attn.k_proj",
                    "self_attn.v_proj",
                    "self_attn.o_proj",
                    "mlp.gate_proj",
                    "mlp.up_proj",
                    "mlp.down_proj");

    private final FlatParameters parameters;
    private final OptimizerPlan.Muon plan;
    private final Precision precision;
    private final int layers;
    private final Range hidden;
    private final long layerStride;
    private final Tensor momentum;
    private final List<List<Kind>> batches;

    MuonUpdate(
            FlatParameters parameters,
            OptimizerPlan.Muon plan,
            Precision precision,
            NativeTensors owner) {
        this.parameters = parameters;
        this.plan = plan;
        this.precision = precision.resolved();
        ParameterLayout layout = parameters.layout();
        this.hidden = layout.hidden();
        this.layerStride = layout.layerStride();
        this.layers = Math.toIntExact(hidden.elements() / layerStride);
        try (PointerScope _ = new PointerScope()) {
            momentum = owner.keep(parameters.values().new_zeros(hidden.elements()));
        }
        Map<String, List<Kind>> byShape = new TreeMap<>();
        for (String part : KINDS) {
            Slot slot = layout.slot(ParameterLayout.layer(0, part));
            Kind kind =
                    new Kind(
                            slot.offset() - hidden.offset(),
                            slot.shape().get(0),
                            slot.shape().get(1));
            byShape.computeIfAbsent(
                            kind.narrowSide() + "x" + kind.wideSide(), s -> new ArrayList<>())
                    .add(kind);
        }
        batches = List.copyOf(byShape.values());
    }

    /** Running sum of the gradients of the layers' matrices, {@code [hidden elements]}. */
    Tensor momentum() {
        return momentum;
    }

    /** One step with the gradients at hand. */
    void step(double rateFactor) {
        double rate = plan.learningRate() * rateFactor;
        Tensor gradient = FlatParameters.range(parameters.gradients(), hidden);
        Tensor weights = FlatParameters.range(parameters.values(), hidden);
        momentum.mul_(new Scalar(plan.momentum())).add_(gradient);
        Tensor nesterov = gradient.add(momentum, new Scalar(plan.momentum()));
        if (plan.weightDecay() > 0) {
            weights.mul_(new Scalar(1 - rate * plan.weightDecay()));
        }
        batches.forEach(batch -> step(batch, nesterov, weights, rate));
    }

    private void step(List<Kind> batch, Tensor nesterov, Tensor weights, double rate) {
        TensorVector pieces = new TensorVector();
        for (Kind kind : batch) {
            Tensor matrices = matrices(nesterov, kind);
            pieces.push_back(kind.tall() ? matrices.transpose(1, 2) : matrices);
        }
        Tensor orthogonal = NewtonSchulz.orthogonalised(torch.cat(pieces, 0), precision);
        double scale = 0.2 * Math.sqrt((double) batch.getFirst().wideSide());
        for (int i = 0; i < batch.size(); i++) {
            Kind kind = batch.get(i);
            Tensor update = orthogonal.narrow(0, (long) i * layers, layers);
            matrices(weights, kind)
                    .add_(kind.tall() ? update.transpose(1, 2) : update, new Scalar(-rate * scale));
        }
    }

    /**
     * All layers' matrices of one kind, {@code [layers, rows, columns]}, sharing the buffer's
     * memory.
     */
    private Tensor matrices(Tensor buffer, Kind kind) {
        return buffer.as_strided(
                new long[] {layers, kind.rows(), kind.columns()},
                new long[] {layerStride, kind.columns(), 1},
                new LongOptional(buffer.storage_offset() + kind.offset()));
    }
}
