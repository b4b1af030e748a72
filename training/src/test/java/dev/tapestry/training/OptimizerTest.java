package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptimizerTest {

    @ParameterizedTest
    @CsvSource({"FP32, 5, 9, 1e-4", "FP32, 8, 8, 1e-4", "FP32, 8, 24, 1e-4", "BF16, 8, 24, 0.08"})
    void newton_schulz_agrees_with_plain_java(
            Precision precision, int rows, int columns, double tolerance) {
        double[][] matrix = random(rows, columns, 4);
        double[][] expected = orthogonalised(matrix);
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            Tensor batch = Tensor.create(flat(matrix, matrix), 2, rows, columns);
            Tensor result =
                    NewtonSchulz.orthogonalised(batch, precision)
                            .to(org.bytedeco.pytorch.global.torch.ScalarType.Float)
                            .contiguous();
            float[] actual = NativeTensors.memory(result).toArray(ValueLayout.JAVA_FLOAT);
            for (int i = 0; i < actual.length; i++) {
                int at = i % (rows * columns);
                assertThat((double) actual[i])
                        .isCloseTo(expected[at / columns][at % columns], within(tolerance));
            }
        }
    }

    /** Gradients are nearly of low rank: most singular values are tiny beside the first. */
    @Test
    void newton_schulz_keeps_directions_ten_thousand_times_weaker_than_the_strongest() {
        int rows = 8;
        int columns = 24;
        double[][] matrix = random(rows, columns, 4);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                matrix[i][j] = (float) (1e-4 * matrix[i][j] + (i + 1) * Math.cos(j));
            }
        }
        double[][] expected = orthogonalised(matrix);
        try (PointerScope _ = new PointerScope();
                GradientsOff _ = new GradientsOff()) {
            Tensor result =
                    NewtonSchulz.orthogonalised(
                            Tensor.create(flat(matrix), 1, rows, columns), Precision.FP32);
            float[] actual =
                    NativeTensors.memory(result.contiguous()).toArray(ValueLayout.JAVA_FLOAT);
            for (int i = 0; i < actual.length; i++) {
                assertThat((double) actual[i])
                        .isCloseTo(expected[i / columns][i % columns], within(2e-3));
            }
        }
    }

    @Test
    void two_muon_steps_agree_with_the_equations_for_wide_tall_and_square_matrices() {
        LlamaConfig config = TestModels.odd(false);
        OptimizerPlan.Muon plan = OptimizerPlan.Muon.of(0.02, 0.1);
        for (String part :
                new String[] {
                    "self_attn.k_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.down_proj"
                }) {
            String name = ParameterLayout.layer(1, part);
            try (Steps steps = new Steps(config, plan)) {
                ParameterLayout.Slot slot = steps.layout.slot(name);
                int rows = Math.toIntExact(slot.shape().get(0));
                int columns = Math.toIntExact(slot.shape().get(1));
                double[] weights = steps.weights(slot);
                double[] momentum = new double[weights.length];
                for (int step = 1; step <= 2; step++) {
                    double[] gradient = steps.step(slot, step, 0.5);
                    double rate = 0.02 * 0.5;
                    double[][] nesterov = new double[rows][columns];
                    for (int i = 0; i < weights.length; i++) {
                        momentum[i] = 0.95 * momentum[i] + gradient[i];
                        nesterov[i / columns][i % columns] = gradient[i] + 0.95 * momentum[i];
                    }
                    double[][] update =
                            rows > columns
                                    ? transposed(orthogonalised(transposed(nesterov)))
                                    : orthogonalised(nesterov);
                    double scale = 0.2 * Math.sqrt(Math.max(rows, columns));
                    for (int i = 0; i < weights.length; i++) {
                        weights[i] =
                                weights[i] * (1 - rate * 0.1)
                                        - rate * scale * update[i / columns][i % columns];
                    }
                    assertClose(steps.weights(slot), weights, 2e-6, name);
                }
            }
        }
    }

    @Test
    void three_adamw_steps_agree_with_the_equations_and_norms_do_not_decay() {
        LlamaConfig config = TestModels.odd(true);
        OptimizerPlan.AdamW plan = new OptimizerPlan.AdamW(0.01, 0.9, 0.95, 1e-8, 0.1);
        for (OptimizerPlan optimizer :
                new OptimizerPlan[] {plan, new OptimizerPlan.Muon(1, 0.9, 0, plan)}) {
            for (String name : new String[] {"model.embed_tokens.weight", "model.norm.weight"}) {
                try (Steps steps = new Steps(config, optimizer)) {
                    ParameterLayout.Slot slot = steps.layout.slot(name);
                    double decay = name.contains("norm") ? 0 : 0.1;
                    double[] weights = steps.weights(slot);
                    double[] m = new double[weights.length];
                    double[] v = new double[weights.length];
                    for (int step = 1; step <= 3; step++) {
                        double[] g = steps.step(slot, step, 1);
                        for (int i = 0; i < weights.length; i++) {
                            m[i] = 0.9 * m[i] + 0.1 * g[i];
                            v[i] = 0.95 * v[i] + 0.05 * g[i] * g[i];
                            double corrected = m[i] / (1 - Math.pow(0.9, step));
                            double root = Math.sqrt(v[i] / (1 - Math.pow(0.95, step)));
                            weights[i] -=
                                    0.01 * decay * weights[i] + 0.01 * corrected / (root + 1e-8);
                        }
                        assertClose(steps.weights(slot), weights, 1e-6, name);
                    }
                }
            }
        }
    }

    /** A model whose gradients are random numbers. */
    private static final class Steps implements AutoCloseable {
        private final Llama model;
        private final Optimizer optimizer;
        private final ParameterLayout layout;

        Steps(LlamaConfig config, OptimizerPlan plan) {
            model = Llama.fresh(config, 5);
            layout = model.parameters().layout();
            optimizer = new Optimizer(plan, Precision.FP32, model.parameters());
        }

        /** Takes a step and returns the gradient of one tensor in it. */
        double[] step(ParameterLayout.Slot slot, int step, double factor) {
            SplittableRandom random = new SplittableRandom(step);
            try (PointerScope _ = new PointerScope();
                    GradientsOff _ = new GradientsOff()) {
                MemorySegment gradients = NativeTensors.memory(model.parameters().gradients());
                for (long i = 0; i < layout.elements(); i++) {
                    gradients.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
                }
                optimizer.step(step, factor);
                return doubles(gradients.asSlice(slot.offset() * 4, slot.elements() * 4));
            }
        }

        double[] weights(ParameterLayout.Slot slot) {
            return doubles(NativeTensors.memory(model.parameters().tensor(slot.name())));
        }

        @Override
        public void close() {
            optimizer.close();
            model.close();
        }
    }

    /** The Newton–Schulz iteration, element by element. */
    private static double[][] orthogonalised(double[][] g) {
        double norm = 0;
        for (double[] row : g) {
            for (double value : row) {
                norm += value * value;
            }
        }
        double scale = 1 / (Math.sqrt(norm) + 1e-7);
        double[][] x = combined(scale, g, 0, g);
        for (int i = 0; i < 5; i++) {
            double[][] a = product(x, transposed(x));
            double[][] b = combined(-4.7750, a, 2.0315, product(a, a));
            x = combined(3.4445, x, 1, product(b, x));
        }
        return x;
    }

    private static double[][] product(double[][] a, double[][] b) {
        double[][] c = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int k = 0; k < b.length; k++) {
                for (int j = 0; j < b[0].length; j++) {
                    c[i][j] += a[i][k] * b[k][j];
                }
            }
        }
        return c;
    }

    private static double[][] combined(double p, double[][] a, double q, double[][] b) {
        double[][] c = new double[a.length][a[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a[0].length; j++) {
                c[i][j] = p * a[i][j] + q * b[i][j];
            }
        }
        return c;
    }

    private static double[][] transposed(double[][] a) {
        double[][] c = new double[a[0].length][a.length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a[0].length; j++) {
                c[j][i] = a[i][j];
            }
        }
        return c;
    }

    private static double[][] random(int rows, int columns, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double[][] matrix = new double[rows][columns];
        for (double[] row : matrix) {
            for (int i = 0; i < columns; i++) {
                row[i] = (float) random.nextGaussian();
            }
        }
        return matrix;
    }

    private static float[] flat(double[][]... matrices) {
        int columns = matrices[0][0].length;
        float[] flat = new float[matrices.length * matrices[0].length * columns];
        int at = 0;
        for (double[][] matrix : matrices) {
            for (double[] row : matrix) {
                for (double value : row) {
                    flat[at++] = (float) value;
                }
            }
        }
        return flat;
    }

    private static double[] doubles(MemorySegment floats) {
        float[] values = floats.toArray(ValueLayout.JAVA_FLOAT);
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }

    private static void assertClose(
            double[] actual, double[] expected, double tolerance, String name) {
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i])
                    .as("%s element %d", name, i)
                    .isCloseTo(expected[i], within(tolerance));
        }
    }
}
