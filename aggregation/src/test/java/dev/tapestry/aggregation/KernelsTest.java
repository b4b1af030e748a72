package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The two kernels are twins to the last bit, also at the ends that fill no vector. */
final class KernelsTest {

    private static final long SEED = System.nanoTime();

    @Test
    void subtraction_is_the_same() {
        twins((kernels, s) -> kernels.subtract(s.base, 4, s.member, 4, s.x, s.count));
        twins((kernels, s) -> kernels.subtractFrom(s.base, 8, s.x, s.count));
    }

    @Test
    void accumulation_in_one_pass_is_the_same_as_in_three() {
        twins((kernels, s) ->
                s.result = kernels.accumulate(s.base, 4, s.member, 8, 0.3f, s.x, s.y, s.count));
    }

    @Test
    void widening_is_the_same() {
        twins((kernels, s) -> kernels.widen(s.base, 2, s.x, s.count));
    }

    @Test
    void scaled_addition_is_the_same_and_never_fused() {
        twins((kernels, s) -> kernels.addScaled(s.x, 0.3f, s.y, s.count));
        float[] sum = {-1.0000001f * 1.0000001f};
        float tiny = 1.0000001f;
        for (int length : new int[] {1, 8}) {
            float[] sums = filled(length, sum[0]);
            Kernels.fastest().addScaled(sums, tiny, filled(length, tiny), length);
            assertThat(sums).as("a fused product would leave a rest").containsOnly(0f);
        }
    }

    @Test
    void momentum_and_scaling_are_the_same() {
        twins((kernels, s) -> kernels.decay(s.x, 0.9f, s.y, s.count));
        twins((kernels, s) -> kernels.scale(s.x, 0.7f, s.count));
    }

    @Test
    void steps_are_the_same() {
        twins((kernels, s) -> kernels.step(s.base, 4, 0.7f, s.y, s.target, 4, s.count));
    }

    @Test
    void sums_are_the_same() {
        twins((kernels, s) -> s.result = kernels.dot(s.x, s.y, s.count));
    }

    @Test
    void a_sum_is_right() {
        float[] ones = filled(100, 1);
        float[] counting = new float[100];
        for (int i = 0; i < 100; i++) {
            counting[i] = i;
        }
        assertThat(new ScalarKernels().dot(ones, counting, 100)).isEqualTo(4950);
        assertThat(Kernels.fastest().dot(ones, counting, 100)).isEqualTo(4950);
    }

    private static float[] filled(int length, float value) {
        float[] values = new float[length];
        java.util.Arrays.fill(values, value);
        return values;
    }

    private interface Act {
        void on(Kernels kernels, Scene scene);
    }

    private static void twins(Act act) {
        for (int count : new int[] {1, 7, 8, 9, 63, 64, 1000, Kernels.CHUNK}) {
            Function<Kernels, Scene> play =
                    kernels -> {
                        Scene scene = new Scene(count);
                        act.on(kernels, scene);
                        return scene;
                    };
            Scene scalar = play.apply(new ScalarKernels());
            Scene vector = play.apply(new VectorKernels());
            String story = "seed " + SEED + ", count " + count;
            assertThat(bits(vector.x)).as(story).isEqualTo(bits(scalar.x));
            assertThat(bits(vector.y)).as(story).isEqualTo(bits(scalar.y));
            assertThat(vector.target.mismatch(scalar.target)).as(story).isEqualTo(-1);
            assertThat(Double.doubleToRawLongBits(vector.result))
                    .as(story)
                    .isEqualTo(Double.doubleToRawLongBits(scalar.result));
        }
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }

    private static final class Scene {
        private final int count;
        private final float[] x;
        private final float[] y;
        private final MemorySegment base;
        private final MemorySegment member;
        private final MemorySegment target;
        private double result;

        Scene(int count) {
            Random random = new Random(SEED);
            this.count = count;
            this.x = random(random, count);
            this.y = random(random, count);
            this.base = segment(random(random, count + 3));
            this.member = segment(random(random, count + 3));
            this.target = segment(new float[count + 3]);
        }

        private static MemorySegment segment(float[] values) {
            MemorySegment segment = Arena.ofAuto().allocate(4L * values.length);
            MemorySegment.copy(values, 0, segment, ScalarKernels.F32, 0, values.length);
            return segment;
        }

        private static float[] random(Random random, int count) {
            float[] values = new float[count];
            for (int i = 0; i < count; i++) {
                values[i] = (float) (random.nextGaussian() * Math.pow(2, random.nextInt(-40, 40)));
            }
            return values;
        }
    }
}
