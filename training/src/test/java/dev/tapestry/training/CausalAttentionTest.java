package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.ValueLayout;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CausalAttentionTest {

    private static final long LENGTH = 11;
    private static final MatrixProduct EXACT = MatrixProduct.of(Precision.FP32);

    @ParameterizedTest
    @ValueSource(longs = {1, 4, 10})
    void blocks_of_queries_give_what_all_queries_at_once_give(long block) {
        LlamaConfig config = TestModels.odd(true);
        long groups = 2L * config.keyValueHeads();
        long shared = config.attentionHeads() / config.keyValueHeads();
        assertThat(shared).as("heads share keys").isGreaterThan(1);
        try (PointerScope _ = new PointerScope()) {
            torch.manual_seed(5);
            Tensor query = random(groups, shared * LENGTH, config);
            Tensor key = random(groups, LENGTH, config);
            Tensor value = random(groups, LENGTH, config);
            Tensor slope = random(groups, shared * LENGTH, config);
            CausalAttention whole = CausalAttention.of(config, LENGTH, query, EXACT);
            CausalAttention blocks = CausalAttention.of(config, LENGTH, query, block, EXACT);

            CausalAttention.Attended expected = whole.forward(query, key, value);
            CausalAttention.Attended actual = blocks.forward(query, key, value);

            assertThat(expected.weights()).isNotNull();
            assertThat(actual.weights()).as("grows with the square of the length").isNull();
            same(actual.mixed(), expected.mixed());
            CausalAttention.Slopes right = whole.backward(slope, query, key, value, expected);
            CausalAttention.Slopes found = blocks.backward(slope, query, key, value, actual);
            same(found.query(), right.query());
            same(found.key(), right.key());
            same(found.value(), right.value());
        }
    }

    private static Tensor random(long groups, long rows, LlamaConfig config) {
        return torch.randn(new long[] {groups, rows, config.headSize()}).to(ScalarType.Double);
    }

    private static void same(Tensor actual, Tensor expected) {
        assertThat(numbers(actual)).containsExactly(numbers(expected), within(1e-12));
    }

    private static double[] numbers(Tensor tensor) {
        return NativeTensors.memory(tensor.contiguous()).toArray(ValueLayout.JAVA_DOUBLE);
    }
}
