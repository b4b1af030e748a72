package dev.tapestry.weights.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.SafetensorsFile;
import dev.tapestry.weights.SafetensorsWriter;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CodedUpdateTest {

    private static final List<TensorSpec> SPECS =
            List.of(
                    TensorSpec.of("embed", DType.F32, 600, 1000),
                    TensorSpec.of("empty", DType.F32, 0, 3),
                    TensorSpec.of("norm", DType.F32, 37),
                    TensorSpec.of("scalar", DType.F32));

    @TempDir Path folder;

    @ParameterizedTest
    @EnumSource(Codec.class)
    void an_update_travels_and_gives_the_base_less_what_was_decoded(Codec codec)
            throws IOException {
        Path base = model("base", 1, 1);
        Path trained = model("trained", 2, 1);
        Path coded = encode(codec, base, trained, Feedback.none(), "coded");
        apply(coded, base, "applied");
        try (var theta = ModelDirectory.open(base);
                var member = ModelDirectory.open(trained);
                var applied = ModelDirectory.open(folder.resolve("applied"));
                var update = CodedUpdate.open(coded, theta.tensors())) {
            assertThat(update.codec()).isEqualTo(codec);
            assertThat(applied.layout()).isEqualTo(theta.layout());
            float[] decoded = new float[Codec.GROUP];
            for (TensorSpec spec : SPECS) {
                for (long group = 0; group < Codec.groups(spec.elements()); group++) {
                    int count = update.reader().read(spec.name(), group, decoded);
                    for (int i = 0; i < count; i += 7) {
                        long at = (group * Codec.GROUP + i) * 4;
                        float before = theta.data(spec.name()).get(FloatConversion.FLOAT_LE, at);
                        assertThat(applied.data(spec.name()).get(FloatConversion.FLOAT_LE, at))
                                .isEqualTo(before - decoded[i]);
                    }
                }
            }
            if (codec == Codec.FP32) {
                float last = theta.data("embed").get(FloatConversion.FLOAT_LE, 599_999 * 4L);
                float trainedLast =
                        member.data("embed").get(FloatConversion.FLOAT_LE, 599_999 * 4L);
                assertThat(applied.data("embed").get(FloatConversion.FLOAT_LE, 599_999 * 4L))
                        .isEqualTo(last - (last - trainedLast));
            }
        }
        assertThat(folder.resolve("applied/tokenizer.json"))
                .hasSameTextualContentAs(base.resolve("tokenizer.json"));
    }

    @ParameterizedTest
    @EnumSource(
            value = Codec.class,
            names = {"INT4", "TOPK_64"})
    void any_number_of_threads_gives_the_same_bytes(Codec codec) throws IOException {
        Path base = model("base", 1, 1);
        Path trained = model("trained", 2, 1);
        try (var theta = ModelDirectory.open(base);
                var member = ModelDirectory.open(trained)) {
            for (int threads : new int[] {1, 3, 8}) {
                Path coded = folder.resolve("coded-" + threads);
                Path residual = folder.resolve("residual-" + threads);
                CodedUpdate.encode(codec, theta, member, Feedback.first(residual), coded, threads);
                CodedUpdate.apply(coded, theta, folder.resolve("new-" + threads), threads);
                assertThat(coded).hasSameBinaryContentAs(folder.resolve("coded-1"));
                assertThat(residual).hasSameBinaryContentAs(folder.resolve("residual-1"));
                assertThat(folder.resolve("new-" + threads + "/model.safetensors"))
                        .hasSameBinaryContentAs(folder.resolve("new-1/model.safetensors"));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Codec.class,
            names = {"INT4", "E3M0", "INT2", "TOPK_64", "TOPK_16"})
    void with_feedback_the_sum_of_what_is_decoded_follows_the_sum_of_updates(Codec codec) {
        // Every round brings the same kind of update; what is lost must come in later rounds. The
        // residual is read from its file each time, as after a restart.
        long seed = Coding.seed();
        SplittableRandom random = new SplittableRandom(seed);
        TensorSpec spec = TensorSpec.of("w", DType.F32, 9000);
        float[] direction = gaussian(random, 9000);
        double[] sum = new double[9000];
        double[] sumDecoded = new double[9000];
        double early = 0;
        int rounds = codec == Codec.TOPK_64 ? 240 : 60;
        for (int round = 1; round <= rounds; round++) {
            float[] delta = gaussian(random, 9000);
            for (int i = 0; i < delta.length; i++) {
                delta[i] = direction[i] + delta[i] / 2;
                sum[i] += delta[i];
            }
            Path residual = folder.resolve("e");
            Path coded = folder.resolve("c");
            Feedback feedback =
                    round == 1 ? Feedback.first(residual) : Feedback.next(residual, residual, 1);
            CodedUpdate.encode(codec, new ArrayUpdate(spec, delta), feedback, coded, 1);
            float[] decoded = new float[9000];
            try (var update = CodedUpdate.open(coded, Map.of("w", spec))) {
                update.reader().read("w", 0, decoded);
            }
            for (int i = 0; i < decoded.length; i++) {
                sumDecoded[i] += decoded[i];
            }
            if (round == rounds / 4) {
                early = relative(sum, sumDecoded);
            }
        }
        double late = relative(sum, sumDecoded);
        assertThat(late).as("-Dtapestry.seed=%d", seed).isLessThan(early / 2).isLessThan(0.25);
        // The difference of the sums is the last residual, and nothing else.
        try (var residual = SafetensorsFile.open(folder.resolve("e"))) {
            double norm = Math.sqrt(square(sum));
            double error = 0;
            for (int i = 0; i < sum.length; i++) {
                float e = residual.data("w").get(FloatConversion.FLOAT_LE, 4L * i);
                error += Math.pow(sum[i] - sumDecoded[i] - e, 2);
            }
            assertThat(Math.sqrt(error)).isLessThan(1e-4 * norm);
        }
    }

    @Test
    void a_decayed_residual_counts_by_its_decay() {
        TensorSpec spec = TensorSpec.of("w", DType.F32, 2);
        Path e = folder.resolve("e");
        residual(e, spec, 8, -4);
        CodedUpdate.encode(
                Codec.FP32,
                new ArrayUpdate(spec, new float[] {1, 1}),
                Feedback.next(e, folder.resolve("e2"), 0.25),
                folder.resolve("c"),
                1);
        float[] decoded = new float[2];
        try (var update = CodedUpdate.open(folder.resolve("c"), Map.of("w", spec))) {
            update.reader().read("w", 0, decoded);
        }
        assertThat(decoded).containsExactly(3, 0);
    }

    @Test
    void a_residual_that_is_missing_or_of_another_shape_is_refused() {
        TensorSpec spec = TensorSpec.of("w", DType.F32, 2);
        Update update = new ArrayUpdate(spec, new float[] {1, 1});
        Path e = folder.resolve("e");
        refuses(Code.MISSING_FILE, () -> encodeWith(update, e));
        residual(e, TensorSpec.of("w", DType.F32, 1, 2), 1, 2);
        refuses(Code.SHAPE, () -> encodeWith(update, e));
        residual(e, TensorSpec.of("v", DType.F32, 2), 1, 2);
        refuses(Code.TENSOR, () -> encodeWith(update, e));
        try (var writer = SafetensorsWriter.create(e, List.of(spec), Map.of("format", "pt"))) {
            writer.commit();
        }
        refuses(Code.CODEC, () -> encodeWith(update, e));
        assertThat(folder).isDirectoryNotContaining(path -> !path.equals(e));
    }

    @Test
    void what_is_not_finite_is_refused_by_tensor_and_index_and_nothing_is_written() {
        float[] values = new float[Codec.GROUP + 10];
        values[Codec.GROUP + 3] = Float.NEGATIVE_INFINITY;
        TensorSpec spec = TensorSpec.of("w", DType.F32, values.length);
        Update update = new ArrayUpdate(spec, values);
        assertThatThrownBy(() ->
                        CodedUpdate.encode(
                                Codec.INT8,
                                update,
                                Feedback.first(folder.resolve("e")),
                                folder.resolve("c"),
                                2))
                .isInstanceOfSatisfying(
                        WeightsException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.NOT_FINITE))
                .hasMessageContaining("tensor 'w' is -Infinity at index 262147");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void foreign_files_are_refused_in_words() throws IOException {
        Path base = model("base", 1, 1);
        Path coded = encode(Codec.INT8, base, model("trained", 2, 1), Feedback.none(), "coded");
        Path other = folder.resolve("other");
        byte[] good = Files.readAllBytes(coded);
        for (String[] swap :
                new String[][] {
                    {"int8/1", "int8/9", "CODEC"},
                    {"int8/1", "bf16/1", "PAYLOAD"},
                    {"tapestry-update", "tapestry-upXate", "CODEC"},
                    {"scalar", "scaler", "TENSOR"},
                    {"\"U8\"", "\"F7\"", "DTYPE"}
                }) {
            Files.write(other, replaced(good, swap[0], swap[1]));
            assertThatThrownBy(() -> apply(other, base, "applied"))
                    .as(swap[1])
                    .isInstanceOfSatisfying(
                            WeightsException.class,
                            e -> assertThat(e.code().name()).startsWith(swap[2]));
        }
        good[good.length - 1] = (byte) 0x80; // the scalar's code
        Files.write(other, good);
        assertThatThrownBy(() -> apply(other, base, "applied"))
                .hasMessageContaining("tensor 'scalar', byte 2 of its payload");
        assertThat(folder.resolve("applied")).doesNotExist();
        assertThat(folder).isDirectoryNotContaining(path -> path.toString().contains("draft"));
    }

    @Test
    void other_tensors_than_the_bases_are_refused() {
        Path base = model("base", 1, 1);
        Path small = folder.resolve("small");
        write(small, SPECS.subList(0, 3), () -> 0);
        refuses(Code.TENSOR, () -> encode(Codec.BF16, base, small, Feedback.none(), "coded"));
        Path bent = folder.resolve("bent");
        write(
                bent,
                List.of(
                        SPECS.get(0),
                        SPECS.get(1),
                        TensorSpec.of("norm", DType.F32, 37, 1),
                        SPECS.get(3)),
                () -> 0);
        refuses(Code.SHAPE, () -> encode(Codec.BF16, base, bent, Feedback.none(), "coded"));
    }

    @Test
    void a_coded_update_is_not_taken_for_a_model() throws IOException {
        Path base = model("base", 1, 1);
        Path model = Files.createDirectory(folder.resolve("model"));
        Files.copy(base.resolve("config.json"), model.resolve("config.json"));
        Path coded = encode(Codec.INT8, base, base, Feedback.none(), "coded");
        Files.move(coded, model.resolve("model.safetensors"));
        refuses(Code.DTYPE, () -> ModelDirectory.open(model));
    }

    private void encodeWith(Update update, Path residual) {
        CodedUpdate.encode(
                Codec.INT2,
                update,
                Feedback.next(residual, folder.resolve("e2"), 1),
                folder.resolve("c"),
                1);
    }

    private static void refuses(Code code, Runnable attempt) {
        assertThatThrownBy(attempt::run)
                .isInstanceOfSatisfying(
                        WeightsException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private Path encode(Codec codec, Path base, Path trained, Feedback feedback, String name) {
        Path target = folder.resolve(name);
        try (var theta = ModelDirectory.open(base);
                var member = ModelDirectory.open(trained)) {
            CodedUpdate.encode(codec, theta, member, feedback, target, 2);
        }
        return target;
    }

    private void apply(Path coded, Path base, String name) {
        try (var theta = ModelDirectory.open(base)) {
            CodedUpdate.apply(coded, theta, folder.resolve(name), 2);
        }
    }

    private Path model(String name, long seed, double scale) {
        SplittableRandom random = new SplittableRandom(seed);
        Path path = folder.resolve(name);
        write(path, SPECS, () -> scale * random.nextGaussian());
        return path;
    }

    private static void write(Path path, List<TensorSpec> specs, DoubleSupplier numbers) {
        try (var writer = ModelDirectoryWriter.create(path, specs, 1 << 30)) {
            for (TensorSpec spec : specs) {
                MemorySegment data = writer.data(spec.name());
                for (long i = 0; i < spec.elements(); i++) {
                    data.set(FloatConversion.FLOAT_LE, 4 * i, (float) numbers.getAsDouble());
                }
            }
            writer.addFile("config.json", "{}".getBytes(StandardCharsets.UTF_8));
            writer.addFile("tokenizer.json", "{\"a\":1}".getBytes(StandardCharsets.UTF_8));
            writer.commit();
        }
    }

    private static void residual(Path path, TensorSpec spec, float... values) {
        try (var writer =
                SafetensorsWriter.create(
                        path, List.of(spec), Map.of("format", "tapestry-residual"))) {
            writer.data(spec.name()).copyFrom(MemorySegment.ofArray(values));
            writer.commit();
        }
    }

    private static byte[] replaced(byte[] bytes, String from, String to) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        assertThat(text).contains(from);
        return text.replace(from, to).getBytes(StandardCharsets.ISO_8859_1);
    }

    private static float[] gaussian(SplittableRandom random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static double relative(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += (x[i] - y[i]) * (x[i] - y[i]);
        }
        return Math.sqrt(sum / square(x));
    }

    private static double square(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value * value;
        }
        return sum;
    }
}
