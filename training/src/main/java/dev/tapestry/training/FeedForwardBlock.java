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

    /**
     * See the class comment; {@code activated} is silu(g). What takes part in products is as they
     * take it, {@code into} and {@code back} being their weights.
     */
    record State(
            Tensor scale,
            Tensor normed,
            Tensor into,
            Tensor gateUp,
            Tensor activated,
            Tensor product,
            Tensor back) {}

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
        Tensor normed = keep(linear.operand(norm.forward(x, scale, normWeight.weights())));
        Tensor into = keep(linear.operand(gateUp.weights()));
        Tensor both = keep(linear.forward(normed, into));
        Tensor activated = keep(torch.silu(gate(both)));
        Tensor product = keep(linear.operand(activated.mul(up(both))));
        Tensor back = keep(linear.operand(down.weights()));
        return new Output<>(
                linear.forwardOnto(x, product, back),
                new State(scale, normed, into, both, activated, product, back));
    }

    @Override
    void differentiate(Tensor slope, Tensor x, State state) {
        Tensor by = linear.operand(slope);
        linear.addWeight(down.gradient(), by, state.product(), new Scalar(1.0));
        Tensor product = linear.input(by, state.back());
        Tensor both = torch.empty_like(state.gateUp());
        torch.mul_out(up(both), product, state.activated());
        torch.silu_backward_out(gate(both), product.mul_(up(state.gateUp())), gate(state.gateUp()));
        both = linear.operand(both);
        linear.addWeight(gateUp.gradient(), both, state.normed(), new Scalar(1.0));
        norm.backward(
                slope,
                normWeight.gradient(),
                linear.input(both, state.into()),
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
