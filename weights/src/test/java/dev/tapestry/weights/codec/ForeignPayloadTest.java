package dev.tapestry.weights.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Bytes that somebody else sent: decoded to finite numbers, or refused with tensor and offset. */
class ForeignPayloadTest {

    private static final int COUNT = 4096 + 101;

    private record Bad(Codec codec, String why, int at, int value, String message) {}

    /** What {@code Bad} does to the coded group of 4,197 numbers: one byte becomes another. */
    @TestFactory
    Stream<DynamicTest> a_corrupt_byte_is_refused() {
        int blocks = 66; // of 64 numbers
        return Stream.of(
                        new Bad(Codec.FP32, "NaN", 4 * 7 + 3, 0x7f, "byte 28"),
                        new Bad(Codec.BF16, "infinity", 2 * 9 + 1, 0xff, "byte 18"),
                        new Bad(Codec.INT8, "negative scale", 1, 0xbf, "byte 0"),
                        new Bad(Codec.INT8, "infinite scale", 3, 0x7f, "byte 2"),
                        new Bad(Codec.INT8, "code −128", 2 * blocks + 5, 0x80, "byte 137"),
                        new Bad(Codec.INT4, "large scale", 1, 0x7f, "byte 0"),
                        new Bad(Codec.INT4, "code −8", 2 * blocks + 5, 0x80, "byte 137"),
                        new Bad(Codec.INT4, "padding", -1, 0x10, "not zero"),
                        new Bad(Codec.E3M0, "negative scale", 1, 0x80, "byte 0"),
                        new Bad(Codec.E3M0, "minus zero", 2 * blocks + 17, 0x08, "byte 149"),
                        new Bad(Codec.E3M0, "padding", -1, 0x10, "not zero"),
                        new Bad(Codec.INT2, "negative level", 7, 0x80, "byte 6"),
                        new Bad(Codec.INT2, "padding", -1, 0x40, "not zero"),
                        new Bad(Codec.TOPK_64, "largest scale", 5, 0xff, "byte 4"),
                        new Bad(Codec.TOPK_64, "level", 13, 0xff, "byte 12"),
                        new Bad(Codec.TOPK_64, "position", 20, 0, "behind"),
                        new Bad(Codec.TOPK_64, "padding", -1, 0x80, "of its payload"))
                .map(bad ->
                        DynamicTest.dynamicTest(bad.codec + ": " + bad.why, () -> isRefused(bad)));
    }

    private static void isRefused(Bad bad) {
        byte[] coded = good(bad.codec);
        Coding.decode(bad.codec.coder(), coded, COUNT);
        int at = bad.at < 0 ? coded.length + bad.at : bad.at;
        if (bad.why.equals("NaN")) {
            coded[at - 1] = (byte) 0xff;
        }
        if (bad.why.equals("infinity")) {
            coded[at - 1] = (byte) 0x80;
        }
        coded[at] = (byte) (bad.why.equals("padding") ? coded[at] | bad.value : bad.value);
        if (bad.why.equals("position")) {
            Arrays.fill(coded, at, at + 20, (byte) 0);
        }
        assertThatThrownBy(() -> Coding.decode(bad.codec.coder(), coded, COUNT))
                .isInstanceOfSatisfying(
                        WeightsException.class, e -> assertThat(e.code()).isEqualTo(Code.PAYLOAD))
                .hasMessageContaining("tensor 't', byte ")
                .hasMessageContaining(bad.message);
    }

    @ParameterizedTest
    @EnumSource(Codec.class)
    void a_payload_that_is_cut_off_or_too_long_is_refused(Codec codec) {
        byte[] coded = good(codec);
        for (int length : new int[] {0, 1, 4, coded.length / 2, coded.length - 1}) {
            assertThatThrownBy(() -> offsets(codec, Arrays.copyOf(coded, length)))
                    .isInstanceOf(WeightsException.class)
                    .hasMessageContaining("tensor 't', byte ");
        }
        assertThatThrownBy(() -> offsets(codec, Arrays.copyOf(coded, coded.length + 1)))
                .isInstanceOf(WeightsException.class)
                .hasMessageContaining("follow the last group");
    }

    @ParameterizedTest
    @EnumSource(value = Codec.class, mode = EnumSource.Mode.MATCH_ANY, names = "TOPK.*")
    void positions_that_end_early_or_go_on_are_refused(Codec codec) {
        byte[] coded = good(codec);
        for (int length : new int[] {14, 16, 40, coded.length - 1, coded.length + 1}) {
            assertThatThrownBy(
                            () -> Coding.decode(codec.coder(), Arrays.copyOf(coded, length), COUNT))
                    .isInstanceOf(WeightsException.class)
                    .hasMessageContaining("tensor 't', byte ");
        }
    }

    @ParameterizedTest
    @EnumSource(Codec.class)
    void a_mutated_payload_gives_finite_numbers_or_is_refused(Codec codec) {
        long seed = Coding.seed();
        SplittableRandom random = new SplittableRandom(seed);
        GroupCoder coder = codec.coder(new ScalarKernels());
        int decoded = 0;
        for (int i = 0; i < 2000; i++) {
            int count = random.nextInt(1, 6000);
            byte[] coded = Coding.encode(coder, Coding.numbers(random, count));
            byte[] bytes = mutated(coded, random);
            try {
                offsets(codec, bytes, count);
                for (float value : Coding.decode(coder, bytes, count)) {
                    assertThat(value).isFinite();
                }
                decoded++;
            } catch (WeightsException refused) {
                assertThat(refused.code()).isEqualTo(Code.PAYLOAD);
                assertThat(refused).hasMessageContaining("tensor 't', byte ");
            } catch (Throwable other) {
                throw new AssertionError("-Dtapestry.seed=" + seed + ", payload " + i, other);
            }
        }
        System.out.println("seed " + seed + ": " + codec + ", " + decoded + " of 2000 decoded");
    }

    private static byte[] mutated(byte[] good, SplittableRandom random) {
        byte[] bytes = good.clone();
        for (int edits = random.nextInt(1, 4); edits > 0 && bytes.length > 0; edits--) {
            int at =
                    random.nextInt(
                            random.nextBoolean() ? Math.min(24, bytes.length) : bytes.length);
            switch (random.nextInt(5)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> bytes[at] = (byte) (random.nextBoolean() ? 0 : 0xff);
                case 3 -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 30), (byte) 0);
                default -> {
                    if (random.nextInt(4) == 0) {
                        bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 9));
                    }
                }
            }
        }
        return bytes;
    }

    private static byte[] good(Codec codec) {
        return Coding.encode(codec.coder(), usual());
    }

    private static float[] usual() {
        SplittableRandom random = new SplittableRandom(3);
        float[] values = new float[COUNT];
        for (int i = 0; i < COUNT; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static void offsets(Codec codec, byte[] coded) {
        offsets(codec, coded, COUNT);
    }

    private static void offsets(Codec codec, byte[] coded, int count) {
        GroupOffsets offsets =
                GroupOffsets.of(
                        codec.coder(),
                        TensorSpec.of("t", DType.F32, count),
                        MemorySegment.ofArray(coded));
        assertThat(offsets.length(0)).isEqualTo(coded.length);
    }
}
