package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.PrimalAveraging;
import dev.tapestry.training.FlatParameters.Trained;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every tensor is made where the model lies. Libtorch's device "meta" has shapes and no numbers: a
 * tensor that was made on the processors by mistake does not mix with it, and what must be read is
 * refused.
 */
class OneDeviceTest {

    private static final int LENGTH = 12;
    private static final MatrixProduct EXACT = MatrixProduct.of(Precision.FP32);

    private final LlamaConfig config = TestModels.tiny();
    private Llama model;
    private NativeTensors owned;
    private PointerScope scope;
    private GradientsOff gradientsOff;

    @BeforeEach
    void model() {
        owned = new NativeTensors();
        scope = new PointerScope();
        gradientsOff = new GradientsOff();
        Device meta = new Device(DeviceType.Meta);
        TensorOptions options =
                new TensorOptions(ScalarType.Float).device(new DeviceOptional(meta));
        model = Llama.fresh(config, 3, options);
        assertThat(model.parameters().values().is_meta()).isTrue();
        assertThat(model.parameters().gradients().is_meta()).isTrue();
    }

    @AfterEach
    void close() {
        model.close();
        owned.close();
        gradientsOff.close();
        scope.close();
    }

    private static TokenBatch batch() {
        return TokenBatch.read(TestModels.text(2), new long[] {0, 20}, LENGTH, 256);
    }

    private static void elsewhere(Tensor... tensors) {
        for (Tensor tensor : tensors) {
            assertThat(tensor.is_meta()).isTrue();
        }
    }

    /** What the other tests rest upon. */
    @Test
    void a_tensor_of_the_processors_does_not_mix() {
        Tensor there = model.parameters().values().new_zeros(2, 2);
        assertThatThrownBy(() -> there.mul(torch.ones(2, 2))).hasMessageContaining("same device");
    }

    @Test
    void what_java_makes_is_brought_there() {
        elsewhere(
                model.forward().turns(3, 5),
                TensorMemory.beside(model.parameters().values(), batch().inputs()),
                CausalAttention.of(config, LENGTH, model.parameters().values(), EXACT).mask());
        try (KeyValueCache cache = new KeyValueCache(model, 4)) {
            Tensor keys =
                    model.parameters()
                            .values()
                            .new_zeros(1, 3, config.keyValueHeads(), config.headSize());
            elsewhere(cache.appendKeys(0, keys), cache.appendValues(1, keys));
        }
    }

    @ParameterizedTest
    @EnumSource(value = Precision.class, names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void logits_and_the_way_back_from_them(Precision precision) {
        Tensor hidden = model.parameters().values().new_zeros(LENGTH, config.hiddenSize());
        Tensor slope = model.forward().output(hidden, precision);
        Tensor hiddenSlope = torch.empty_like(hidden);
        MatrixProduct.of(precision)
                .putInput(hiddenSlope, slope, model.forward().head(), new Scalar(1.0));
        elsewhere(slope, hiddenSlope);
        Tensor targets = TensorMemory.beside(hidden, batch().targets().view(-1, 1));
        assertThatThrownBy(() ->
                        Loss.backward(
                                model,
                                hidden,
                                targets.narrow(0, 0, LENGTH),
                                hiddenSlope,
                                1.0,
                                precision))
                .as("the loss is read by Java")
                .hasMessageContaining("aten::_local_scalar_dense");
    }

    @ParameterizedTest
    @EnumSource(value = Precision.class, names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void both_ways_through_a_layer(Precision precision) {
        Tensor turn = model.forward().turns(0, LENGTH);
        MatrixProduct linear = MatrixProduct.of(precision);
        Tensor values = model.parameters().values();
        CausalAttention whole = CausalAttention.of(config, LENGTH, values, linear);
        CausalAttention blocks = CausalAttention.of(config, LENGTH, values, 5, linear);
        for (CausalAttention attention : List.of(whole, blocks)) {
            AttentionBlock.Sight sight =
                    new AttentionBlock.Sight(
                            2, LENGTH, turn, turn.conj().resolve_conj(), attention);
            try (AttentionBlock first =
                            new AttentionBlock(
                                    config, model.parameters(), 0, precision, () -> sight, owned);
                    FeedForwardBlock second =
                            new FeedForwardBlock(config, model.parameters(), 0, precision, owned)) {
                Tensor x = model.parameters().values().new_zeros(2L * LENGTH, config.hiddenSize());
                elsewhere(second.forward(first.forward(x)));
                Tensor slope = torch.zeros_like(x);
                second.backward(slope);
                first.backward(slope);
                elsewhere(slope);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = Precision.class, names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void optimisers_and_what_stands_around_them(Precision precision) {
        OptimizerPlan.Muon plan = OptimizerPlan.Muon.of(0.01, 0.1);
        try (Optimizer optimizer = new Optimizer(plan, precision, model.parameters())) {
            optimizer.state().values().forEach(OneDeviceTest::elsewhere);
        }
        new MuonUpdate(model.parameters(), plan, precision, owned).step(1.0);
        try (PrimalAverage average =
                new PrimalAverage(new PrimalAveraging(0.8, 0.9), model.parameters())) {
            average.lookAhead();
            average.lookBack();
            average.step(() -> {});
            average.move(() -> {});
            elsewhere(average.fast());
        }
        try (ControlVariate variate = new ControlVariate(model.parameters())) {
            variate.apply(model.parameters().gradients());
            variate.endMean();
            elsewhere(variate.correction());
        }
    }

    @Test
    void weights_are_read_through_a_copy() {
        assertThatThrownBy(() -> model.parameters().digest()).hasMessageContaining("meta tensor");
        Trained trained = model.parameters().trained("model.norm.weight", owned);
        elsewhere(trained.weights(), trained.gradient());
    }
}
