package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.consortium.PrimalAveraging;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;

/**
 * GPA (arXiv 2512.17131) against its equations in plain doubles, where f is half the squared
 * distance to a target: ∇f(y) = y − target.
 */
class PrimalAverageTest {

    private static final PrimalAveraging PLAN = new PrimalAveraging(0.7, 0.8);
    private static final int STEPS = 6;

    @Test
    void around_adamw_it_is_that_of_the_paper() {
        OptimizerPlan.AdamW plan = new OptimizerPlan.AdamW(0.01, 0.9, 0.95, 1e-8, 0.1);
        try (Quadratic model = new Quadratic(plan)) {
            double[] x = model.weights();
            double[] z = x.clone();
            double[] m = new double[x.length];
            double[] v = new double[x.length];
            for (int step = 1; step <= STEPS; step++) {
                model.step(step);
                for (int i = 0; i < x.length; i++) {
                    double y = 0.7 * x[i] + (1 - 0.7) * z[i];
                    double g = y - model.target(i);
                    m[i] = 0.9 * m[i] + 0.1 * g;
                    v[i] = 0.95 * v[i] + 0.05 * g * g;
                    double root = Math.sqrt(v[i] / (1 - Math.pow(0.95, step)));
                    double update = m[i] / (1 - Math.pow(0.9, step)) / (root + 1e-8);
                    z[i] -= 0.01 * (update + model.decay(i, 0.1) * z[i]);
                    x[i] = 0.8 * x[i] + (1 - 0.8) * z[i];
                }
                model.expect(x, 2e-6);
            }
        }
    }

    /** Muon itself is checked elsewhere; here another one steps on z alone. */
    @Test
    void around_muon_it_is_that_of_the_paper() {
        OptimizerPlan.Muon plan = OptimizerPlan.Muon.of(0.02, 0.1);
        try (Quadratic model = new Quadratic(plan);
                Quadratic inner = new Quadratic(plan)) {
            double[] x = model.weights();
            for (int step = 1; step <= STEPS; step++) {
                double[] z = inner.weights();
                double[] before = x;
                inner.innerStep(step, i -> 0.7 * before[i] + (1 - 0.7) * z[i] - inner.target(i));
                model.step(step);
                double[] moved = inner.weights();
                x = new double[before.length];
                for (int i = 0; i < x.length; i++) {
                    x[i] = 0.8 * before[i] + (1 - 0.8) * moved[i];
                }
                model.expect(x, 1e-3);
            }
        }
    }

    private interface Coordinates {
        double at(int coordinate);
    }

    /** A model that is trained towards random weights. */
    private static final class Quadratic implements AutoCloseable {
        private final Llama model = Llama.fresh(TestModels.odd(true), 5);
        private final FlatParameters parameters = model.parameters();
        private final Optimizer optimizer;
        private final PrimalAverage average = new PrimalAverage(PLAN, parameters);
        private final double[] target;

        Quadratic(OptimizerPlan plan) {
            optimizer = new Optimizer(plan, Precision.FP32, parameters);
            SplittableRandom random = new SplittableRandom(3);
            target =
                    random.doubles(parameters.layout().elements())
                            .map(_ -> (float) random.nextGaussian())
                            .toArray();
        }

        double target(int i) {
            return target[i];
        }

        double decay(int i, double decay) {
            ParameterLayout.Range norms = parameters.layout().norms();
            boolean norm = i >= norms.offset() && i < norms.offset() + norms.elements();
            return norm ? 0 : decay;
        }

        void step(int step) {
            try (PointerScope _ = new PointerScope();
                    GradientsOff _ = new GradientsOff()) {
                average.lookAhead();
                float[] y = values();
                gradients(i -> y[i] - target[i]);
                average.lookBack();
                average.step(() -> optimizer.step(step, 1));
            }
        }

        void innerStep(int step, Coordinates gradient) {
            try (PointerScope _ = new PointerScope();
                    GradientsOff _ = new GradientsOff()) {
                gradients(gradient);
                optimizer.step(step, 1);
            }
        }

        private void gradients(Coordinates gradient) {
            MemorySegment memory = NativeTensors.memory(parameters.gradients());
            for (int i = 0; i < target.length; i++) {
                memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) gradient.at(i));
            }
        }

        private float[] values() {
            return NativeTensors.memory(parameters.values()).toArray(ValueLayout.JAVA_FLOAT);
        }

        double[] weights() {
            float[] values = values();
            double[] wide = new double[values.length];
            for (int i = 0; i < wide.length; i++) {
                wide[i] = values[i];
            }
            return wide;
        }

        void expect(double[] x, double tolerance) {
            double[] found = weights();
            for (int i = 0; i < x.length; i++) {
                if (!(Math.abs(found[i] - x[i]) <= tolerance)) {
                    assertThat(found[i]).as("element %d", i).isCloseTo(x[i], within(tolerance));
                }
            }
        }

        @Override
        public void close() {
            average.close();
            optimizer.close();
            model.close();
        }
    }
}
