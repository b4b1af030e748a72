package dev.tapestry.training;

import dev.tapestry.training.FlatParameters.Trained;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * SwiGLU (arXiv:2002.05202): g(s) = silu(a) ∘ u with (a, u) = [G; U]·s. Gate and up are one product
 * in both directions.
 */
final class FeedForwardBlock extends Block<FeedForwardBlock.State> {

    /** See the class comment; {@code activated} is silu(a), {@code into} the matrix. */
    record State(Tensor into, Tensor gateUp, Tensor activated) {}

    private final long inner;
    private final Trained gateUp;

    FeedForwardBlock(
            LlamaConfig config,
            FlatParameters parameters,
            int layer,
            Precision precision,
            NativeTensors owner) {
        super(
                config,
                precision,
                parameters.trained(
                        ParameterLayout.layer(layer, config.architecture().feedForwardNorm()),
                        owner),
                parameters.trained(ParameterLayout.layer(layer, "mlp.down_proj"), owner));
        inner = config.intermediateSize();
        gateUp =
                parameters.trained(
                        ParameterLayout.layer(layer, "mlp.gate_proj"),
                        ParameterLayout.layer(layer, "mlp.up_proj"),
                        owner);
    }

    @Override
    Inner<State> compute(Tensor seen) {
        Tensor into = keep(linear().operand(gateUp.weights()));
        Tensor both = keep(linear().forward(seen, into));
        Tensor activated = keep(torch.silu(gate(both)));
        Tensor product = keep(linear().operand(activated.mul(up(both))));
        return new Inner<>(product, new State(into, both, activated));
    }

    @Override
    Tensor differentiate(Tensor product, Tensor seen, State state) {
        Tensor both = torch.empty_like(state.gateUp());
        torch.mul_out(up(both), product, state.activated());
        torch.silu_backward_out(gate(both), product.mul_(up(state.gateUp())), gate(state.gateUp()));
        both = linear().operand(both);
        linear().addWeight(gateUp.gradient(), both, seen, new Scalar(1.0));
        return linear().input(both, state.into());
    }

    private Tensor gate(Tensor both) {
        return both.narrow(1, 0, inner);
    }

    private Tensor up(Tensor both) {
        return both.narrow(1, inner, inner);
    }
}
