package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.tapestry.consortium.OuterOptimizer.Variant;
import dev.tapestry.weights.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The two kernels are twins to the last bit, also at the ends that fill no vector. */
final class KernelsTest {

    private static final long SEED = System.nanoTime();

    @Test
    void accumulation_is_the_same() {
        for (int four = 0; four < 2; four++) {
            int index = four;
            twins((kernels, s) -> kernels.accumulate(s.chunk, s.fours.get(index), s.x, s.lanes));
        }
    }

    @Test
    void projections_and_norms_are_the_same() {
        for (int four = 0; four < 2; four++) {
            int index = four;
            twins((kernels, s) -> kernels.project(s.chunk, s.fours.get(index), s.x, s.lanes));
        }
        for (int member = 0; member < Scene.MEMBERS; member++) {
            int slot = member;
            twins((kernels, s) -> kernels.measure(s.chunk, slot, s.lanes));
        }
    }

    @Test
    void updates_are_added_in_the_order_of_members_and_each_is_rounded_apart() {
        float[] expected = new Scene(9).x;
        Scene scene = new Scene(9);
        for (int member = 0; member < Scene.MEMBERS; member++) {
            for (int i = 0; i < 9; i++) {
                expected[i] = expected[i] + Scene.FACTORS[member] * scene.chunk.update(member, i);
            }
        }
        for (Four four : scene.fours) {
            Kernels.fastest().accumulate(scene.chunk, four, scene.x, scene.lanes);
        }
        assertThat(bits(scene.x)).isEqualTo(bits(expected));
    }

    @Test
    void widening_is_the_same() {
        twins((kernels, s) -> kernels.widen(s.base, 2, s.target, s.count));
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
    void moments_are_the_same() {
        twins((kernels, s) -> kernels.average(s.x, 0.9f, 0.1f, s.y, s.count));
        for (Variant variant : Variant.values()) {
            twins((kernels, s) -> kernels.square(variant, s.x, 0.99f, 0.01f, s.y, s.count));
        }
        twins((kernels, s) -> {
            for (int i = 0; i < s.count; i++) {
                s.y[i] = Math.abs(s.y[i]);
            }
            kernels.adapt(s.x, s.y, 1e-3f, s.x, s.count);
        });
    }

    @Test
    void rankings_and_means_over_senders_are_the_same() {
        twins((kernels, s) -> kernels.exchange(s.x, s.y, s.count));
        for (int member = 0; member < Scene.MEMBERS; member++) {
            int slot = member;
            twins((kernels, s) -> kernels.addSent(s.chunk, slot, 0.3f, 0.2f, s.x, s.y));
        }
        twins((kernels, s) -> {
            for (int i = 0; i < s.count; i += 3) {
                s.y[i] = 0;
            }
            kernels.divide(s.x, s.y, s.count);
        });
    }

    @Test
    void products_in_double_precision_are_the_same() {
        twins((kernels, s) -> {
            double[] x = new double[s.count];
            double[] y = new double[s.count];
            kernels.update(s.chunk, 2, x);
            kernels.widen(s.y, y, s.count);
            long bits = Double.doubleToRawLongBits(kernels.product(x, y, s.count));
            s.lanes[0] = Float.intBitsToFloat((int) bits);
            s.lanes[1] = Float.intBitsToFloat((int) (bits >>> 32));
        });
    }

    @Test
    void steps_are_the_same() {
        twins((kernels, s) -> kernels.step(s.chunk, 0.7f, s.y, s.target));
    }

    @Test
    void sums_are_the_same() {
        twins((kernels, s) -> kernels.dot(s.x, s.y, s.count, s.lanes));
    }

    @Test
    void a_sum_is_right() {
        float[] counting = new float[100];
        for (int i = 0; i < 100; i++) {
            counting[i] = i;
        }
        assertThat(dot(filled(100, 1), counting)).isEqualTo(4950);
    }

    @Test
    void a_sum_is_as_exact_as_promised() {
        Scene scene = new Scene(Kernels.CHUNK);
        double exact = 0;
        double size = 0;
        for (int i = 0; i < scene.count; i++) {
            double product = (double) scene.x[i] * scene.y[i];
            exact += product;
            size += Math.abs(product);
        }
        assertThat(dot(scene.x, scene.y)).as("seed " + SEED).isCloseTo(exact, within(size / 65536));
    }

    @Test
    void squares_too_large_or_too_small_for_a_float_are_summed_in_double() {
        for (float value : new float[] {Float.MAX_VALUE, 1e20f, 1e-23f, Float.MIN_VALUE}) {
            float[] values = filled(100, value);
            double expected = 100 * ((double) value * value);
            assertThat(dot(values, values)).isCloseTo(expected, withinPercentage(1e-9));
        }
        float[] mixed = {1e20f, -1e20f, 1e20f, 3};
        assertThat(dot(mixed, new float[] {1e20f, 1e20f, 0, 1})).isEqualTo(3);
    }

    @Test
    void what_is_no_number_shows_in_the_sum() {
        for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            float[] values = filled(Kernels.CHUNK, 1);
            values[777] = value;
            assertThat(Double.isFinite(dot(values, values))).isFalse();
        }
        assertThat(dot(new float[9], new float[9])).isZero();
    }

    @Test
    void a_member_who_moved_nothing_counts_as_nothing_and_hides_no_value_that_is_none() {
        float[] values = filled(100, 0.5f);
        assertThat(squaredUpdate(values, values)).isZero();
        float[] nearly = values.clone();
        nearly[99] = Math.nextUp(0.5f);
        assertThat(squaredUpdate(values, nearly)).isEqualTo(0x1p-48);
        values[99] = Float.NaN;
        assertThat(squaredUpdate(values, values)).isNaN();
    }

    private static double squaredUpdate(float[] base, float[] member) {
        float[] lanes = new float[2 * Kernels.LANES];
        Chunk chunk = new Chunk(1);
        MemberTensor tensor = new MemberTensor(Scene.segment(member), DType.F32);
        chunk.moveTo(Kernels.fastest(), Scene.segment(base), List.of(tensor), 0, base.length);
        Kernels.fastest().measure(chunk, 0, lanes);
        return chunk.squaredUpdate(0, lanes, 0);
    }

    private static double dot(float[] x, float[] y) {
        float[] lanes = new float[Kernels.LANES];
        Kernels.fastest().dot(x, y, x.length, lanes);
        return LaneSums.of(lanes, 0, x, y, x.length);
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
            assertThat(bits(vector.target)).as(story).isEqualTo(bits(scalar.target));
            assertThat(bits(vector.lanes)).as(story).isEqualTo(bits(scalar.lanes));
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
        private static final int MEMBERS = 6;
        private static final float[] FACTORS = {0.3f, -0.2f, 1.7f, 0.01f, 0.9f, -1.1f};
        private final int count;
        private final float[] x;
        private final float[] y;
        private final MemorySegment base;
        private final Chunk chunk;
        private final List<Four> fours;
        private final float[] lanes = new float[5 * Kernels.LANES];
        private final float[] target;

        Scene(int count) {
            Random random = new Random(SEED);
            this.count = count;
            this.x = random(random, count);
            this.y = random(random, count);
            this.base = segment(random(random, count + 3));
            List<MemberTensor> members =
                    IntStream.range(0, MEMBERS).mapToObj(m -> member(random, m, count)).toList();
            this.chunk = new Chunk(MEMBERS);
            chunk.moveTo(new ScalarKernels(), base, members, 1, count);
            this.fours = Four.of(IntStream.range(0, MEMBERS).toArray(), FACTORS);
            this.target = new float[count];
        }

        /** Two of the six have BF16. */
        private static MemberTensor member(Random random, int index, int count) {
            float[] values = random(random, count + 3);
            if (index % 4 != 1) {
                return new MemberTensor(segment(values), DType.F32);
            }
            MemorySegment narrow = Arena.ofAuto().allocate(2L * values.length);
            for (int i = 0; i < values.length; i++) {
                short upper = (short) (Float.floatToRawIntBits(values[i]) >>> 16);
                narrow.set(ScalarKernels.BF16, 2L * i, upper);
            }
            return new MemberTensor(narrow, DType.BF16);
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
