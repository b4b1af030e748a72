package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What must hold of the inner optimisers whatever the gradients are. */
class OptimizerPropertiesTest {

    private static final double RATE = 0.01;
    private static final double DECAY = 0.1;
    private static final int STEPS = 3;
    private static final LlamaConfig CONFIG = TestModels.odd(false);
    private static final OptimizerPlan ADAMW = adamW(0);
    private static final OptimizerPlan MUON = muon(0);

    private static OptimizerPlan.AdamW adamW(double decay) {
        return new OptimizerPlan.AdamW(RATE, 0.9, 0.95, 1e-30, decay);
    }

    private static OptimizerPlan muon(double decay) {
        return new OptimizerPlan.Muon(RATE, 0.95, decay, adamW(decay));
    }

    static LongStream seeds() {
        return LongStream.range(0, 12);
    }

    /** A gradient for each step and coordinate. */
    @FunctionalInterface
    private interface Gradients {
        double at(int step, long coordinate);
    }

    private static Gradients drawn(long seed) {
        return (step, coordinate) ->
                new SplittableRandom(seed * 1_000_003 + step * 7919L + coordinate * 31)
                        .nextGaussian();
    }

    /** The change of all weights after so many steps. */
    private static double[] change(OptimizerPlan plan, int steps, Gradients gradients) {
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff();
                Llama model = Llama.fresh(CONFIG, 5)) {
            FlatParameters parameters = model.parameters();
            double[] change = values(parameters);
            try (Optimizer optimizer = new Optimizer(plan, Precision.FP32, parameters)) {
                MemorySegment memory = NativeTensors.memory(parameters.gradients());
                for (int step = 1; step <= steps; step++) {
                    for (long i = 0; i < parameters.layout().elements(); i++) {
                        memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) gradients.at(step, i));
                    }
                    optimizer.step(step, 1);
                }
            }
            double[] after = values(parameters);
            for (int i = 0; i < change.length; i++) {
                change[i] = after[i] - change[i];
            }
            return change;
        }
    }

    private static double[] values(FlatParameters parameters) {
        float[] floats = NativeTensors.memory(parameters.values()).toArray(ValueLayout.JAVA_FLOAT);
        double[] values = new double[floats.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = floats[i];
        }
        return values;
    }

    private static void assertClose(double[] actual, double[] expected, double tolerance) {
        assertThat(actual).containsExactly(expected, within(tolerance));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void gradients_of_another_scale_move_the_weights_the_same(long seed) {
        Gradients gradients = drawn(seed);
        double scale = Math.pow(10, (double) (seed % 7 - 3));
        for (OptimizerPlan plan : new OptimizerPlan[] {ADAMW, MUON}) {
            assertClose(
                    change(plan, STEPS, (step, i) -> scale * gradients.at(step, i)),
                    change(plan, STEPS, gradients),
                    1e-5);
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void gradients_of_the_other_sign_move_the_weights_the_other_way(long seed) {
        Gradients gradients = drawn(seed);
        for (OptimizerPlan plan : new OptimizerPlan[] {ADAMW, MUON}) {
            double[] mirrored = change(plan, STEPS, (step, i) -> -gradients.at(step, i));
            for (int i = 0; i < mirrored.length; i++) {
                mirrored[i] = -mirrored[i];
            }
            assertClose(mirrored, change(plan, STEPS, gradients), 1e-6);
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void one_coordinate_that_is_far_out_moves_no_weight_farther_than_the_rate(long seed) {
        Gradients gradients = drawn(seed);
        long outlier = new SplittableRandom(seed).nextLong(1_000);
        double[] moved =
                change(ADAMW, 1, (step, i) -> (i == outlier ? 1e6 : 1) * gradients.at(step, i));
        for (double change : moved) {
            assertThat(Math.abs(change)).isLessThanOrEqualTo(RATE * 1.001);
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void a_muon_step_of_a_matrix_is_equally_long_whatever_its_gradient(long seed) {
        Gradients plain = drawn(seed);
        // One direction far stronger than the others, as gradients are.
        Gradients lopsided = (step, i) -> plain.at(step, i) + 30 * Math.cos((double) i);
        ParameterLayout layout = ParameterLayout.of(CONFIG);
        for (Gradients gradients : new Gradients[] {plain, lopsided}) {
            double[] moved = change(MUON, 1, gradients);
            for (String part :
                    new String[] {"self_attn.q_proj", "mlp.gate_proj", "mlp.down_proj"}) {
                ParameterLayout.Slot slot = layout.slot(ParameterLayout.layer(0, part));
                double rows = slot.shape().get(0);
                double columns = slot.shape().get(1);
                double squares = 0;
                for (long i = slot.offset(); i < slot.offset() + slot.elements(); i++) {
                    squares += moved[(int) i] * moved[(int) i];
                }
                // All singular values near 1, scaled by 0.2 √max(r, c) (arXiv 2502.16982).
                double whole =
                        RATE * 0.2 * Math.sqrt(Math.max(rows, columns) * Math.min(rows, columns));
                assertThat(Math.sqrt(squares)).as(part).isBetween(0.6 * whole, 1.25 * whole);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void the_same_gradients_move_the_weights_the_same_to_the_last_bit(long seed) {
        for (OptimizerPlan plan : new OptimizerPlan[] {adamW(DECAY), muon(DECAY)}) {
            assertThat(change(plan, STEPS, drawn(seed)))
                    .containsExactly(change(plan, STEPS, drawn(seed)));
        }
    }
}
