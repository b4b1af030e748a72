package dev.tapestry.training;

import dev.tapestry.training.FlatParameters.Trained;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * y = x + D·p with p = silu(g) ∘ u, (g, u) = [G; U]·norm(x) (SwiGLU, arXiv:2002.05202). Gate and up
 * are one product in both directions.
 */
final class FeedForwardBlock extends Block<FeedForwardBlock.State> {

    /** See the class comment; {@code activated} is silu(g). */
    record State(Tensor scale, Tensor normed, Tensor gateUp, Tensor activated, Tensor product) {}

    private final RmsNorm norm;
    private final MatrixProduct linear;
    private final long inner;
    private final Trained normWeight;
    private final Trained gateUp;
    private final Trained down;

    FeedForwardBlock(
            LlamaConfig config,
            FlatParameters parameters,
            int layer,
            Precision precision,
            NativeTensors owner) {
        norm = new RmsNorm(config.rmsNormEpsilon());
        linear = MatrixProduct.of(precision);
        inner = config.intermediateSize();
        normWeight =
                parameters.trained(ParameterLayout.layer(layer, "post_attention_layernorm"), owner);
        gateUp =
                parameters.trained(
                        ParameterLayout.layer(layer, "mlp.gate_proj"),
                        ParameterLayout.layer(layer, "mlp.up_proj"),
                        owner);
        down = parameters.trained(ParameterLayout.layer(layer, "mlp.down_proj"), owner);
    }

    @Override
    Output<State> compute(Tensor x) {
        Tensor scale = keep(norm.scale(x));
        Tensor normed = keep(norm.forward(x, scale, normWeight.weights()));
        Tensor both = keep(linear.forward(normed, gateUp.weights()));
        Tensor activated = keep(torch.silu(gate(both)));
        Tensor product = keep(activated.mul(up(both)));
        return new Output<>(
                linear.forwardOnto(x, product, down.weights()),
                new State(scale, normed, both, activated, product));
    }

    @Override
    void differentiate(Tensor slope, Tensor x, State state) {
        linear.addWeight(down.gradient(), slope, state.product(), new Scalar(1.0));
        Tensor product = linear.input(slope, down.weights());
        Tensor both = torch.empty_like(state.gateUp());
        torch.mul_out(up(both), product, state.activated());
        torch.silu_backward_out(gate(both), product.mul_(up(state.gateUp())), gate(state.gateUp()));
        linear.addWeight(gateUp.gradient(), both, state.normed(), new Scalar(1.0));
        norm.backward(
                slope,
                normWeight.gradient(),
                linear.input(both, gateUp.weights()),
                x,
                state.scale(),
                normWeight.weights());
    }

    private Tensor gate(Tensor both) {
        return both.narrow(1, 0, inner);
    }

    private Tensor up(Tensor both) {
        return both.narrow(1, inner, inner);
    }
}
