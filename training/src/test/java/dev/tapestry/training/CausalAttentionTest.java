package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.ValueLayout;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CausalAttentionTest {

    private static final long LENGTH = 11;
    private static final MatrixProduct EXACT = MatrixProduct.of(Precision.FP32);

    @ParameterizedTest
    @ValueSource(longs = {1, 4, 10})
    void blocks_of_queries_give_what_all_queries_at_once_give(long block) {
        same(EXACT, ScalarType.Double, block, 1e-12);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 4, 10, LENGTH})
    void a_text_beside_others_is_attended_to_as_if_it_were_alone(long block) {
        LlamaConfig config = TestModels.odd(true);
        long shared = config.attentionHeads() / config.keyValueHeads();
        long groups = 2L * config.keyValueHeads();
        try (PointerScope _ = new PointerScope()) {
            torch.manual_seed(5);
            Tensor query = random(groups, shared * LENGTH, config, ScalarType.Double);
            Tensor key = random(groups, LENGTH, config, ScalarType.Double);
            Tensor value = random(groups, LENGTH, config, ScalarType.Double);
            Tensor slope = random(groups, shared * LENGTH, config, ScalarType.Double);
            long[] numbers = {0, 0, 0, 1, 1, 1, 1, 1, 2, 2, -1, 3, 3, 3, 3, 4, 4, 4, 5, 5, 5, 5};
            CausalAttention packed =
                    CausalAttention.of(config, LENGTH, query, block, EXACT)
                            .within(Tensor.create(numbers, 2, LENGTH));
            CausalAttention.Attended all = packed.forward(query, key, value);
            CausalAttention.Slopes slopes = packed.backward(slope, query, key, value, all);
            // Of the first sequence, the text at 3 to 7.
            long own = config.keyValueHeads();
            Tensor q = queries(query, own, config);
            Tensor k = key.narrow(0, 0, own).narrow(1, 3, 5).contiguous();
            Tensor v = value.narrow(0, 0, own).narrow(1, 3, 5).contiguous();
            CausalAttention alone = CausalAttention.of(config, 5, query, EXACT);
            CausalAttention.Attended one = alone.forward(q, k, v);
            CausalAttention.Slopes right =
                    alone.backward(queries(slope, own, config), q, k, v, one);

            same(queries(all.mixed(), own, config), one.mixed(), 1e-13);
            same(queries(slopes.query(), own, config), right.query(), 1e-13);
            same(slopes.key().narrow(0, 0, own).narrow(1, 3, 5), right.key(), 1e-13);
            same(slopes.value().narrow(0, 0, own).narrow(1, 3, 5), right.value(), 1e-13);
        }
    }

    private static Tensor queries(Tensor all, long groups, LlamaConfig config) {
        return all.view(all.size(0), -1, LENGTH, config.headSize())
                .narrow(0, 0, groups)
                .narrow(2, 3, 5)
                .reshape(groups, -1, config.headSize());
    }

    /** A key's and value's slopes are added up in another order, each part rounded. */
    @ParameterizedTest
    @ValueSource(longs = {1, 4, 10})
    void so_they_do_within_its_rounding_in_bf16(long block) {
        same(MatrixProduct.of(Precision.BF16), ScalarType.Float, block, 0.05);
    }

    /**
     * Where attention is sharp, as a trained model's, what the softmax passes back nearly cancels.
     */
    @Test
    void bf16_costs_the_queries_slopes_no_more_than_its_operands_are_rounded() {
        LlamaConfig config = TestModels.odd(true);
        long shared = config.attentionHeads() / config.keyValueHeads();
        try (PointerScope _ = new PointerScope()) {
            torch.manual_seed(5);
            Tensor query =
                    random(4, shared * LENGTH, config, ScalarType.Float).mul(new Scalar(4.0));
            Tensor key = random(4, LENGTH, config, ScalarType.Float);
            Tensor value = random(4, LENGTH, config, ScalarType.Float);
            Tensor slope = random(4, shared * LENGTH, config, ScalarType.Float);
            CausalAttention exact = CausalAttention.of(config, LENGTH, query, EXACT);
            CausalAttention rounded =
                    CausalAttention.of(config, LENGTH, query, MatrixProduct.of(Precision.BF16));
            Tensor right =
                    exact.backward(slope, query, key, value, exact.forward(query, key, value))
                            .query();
            Tensor found =
                    rounded.backward(slope, query, key, value, rounded.forward(query, key, value))
                            .query();
            double error = found.sub(right).norm().item_double() / right.norm().item_double();
            assertThat(error).isBetween(1e-4, 0.02); // five roundings by up to 2⁻⁸ meet
        }
    }

    private static void same(MatrixProduct linear, ScalarType type, long block, double tolerance) {
        LlamaConfig config = TestModels.odd(true);
        long groups = 2L * config.keyValueHeads();
        long shared = config.attentionHeads() / config.keyValueHeads();
        assertThat(shared).as("heads share keys").isGreaterThan(1);
        try (PointerScope _ = new PointerScope()) {
            torch.manual_seed(5);
            Tensor query = random(groups, shared * LENGTH, config, type);
            Tensor key = random(groups, LENGTH, config, type);
            Tensor value = random(groups, LENGTH, config, type);
            Tensor slope = random(groups, shared * LENGTH, config, type);
            CausalAttention whole = CausalAttention.of(config, LENGTH, query, linear);
            CausalAttention blocks = CausalAttention.of(config, LENGTH, query, block, linear);

            CausalAttention.Attended expected = whole.forward(query, key, value);
            CausalAttention.Attended actual = blocks.forward(query, key, value);

            assertThat(expected.weights()).isNotNull();
            assertThat(actual.weights()).as("grows with the square of the length").isNull();
            same(actual.mixed(), expected.mixed(), tolerance);
            CausalAttention.Slopes right = whole.backward(slope, query, key, value, expected);
            CausalAttention.Slopes found = blocks.backward(slope, query, key, value, actual);
            same(found.query(), right.query(), tolerance);
            same(found.key(), right.key(), tolerance);
            same(found.value(), right.value(), tolerance);
        }
    }

    private static Tensor random(long groups, long rows, LlamaConfig config, ScalarType type) {
        return torch.randn(new long[] {groups, rows, config.headSize()}).to(type);
    }

    private static void same(Tensor actual, Tensor expected, double tolerance) {
        assertThat(numbers(actual)).containsExactly(numbers(expected), within(tolerance));
    }

    private static double[] numbers(Tensor tensor) {
        return NativeTensors.memory(tensor.to(ScalarType.Double).contiguous())
                .toArray(ValueLayout.JAVA_DOUBLE);
    }
}
