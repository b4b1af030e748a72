package dev.tapestry.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.weights.WeightsException.Code;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelConversionTest {

    private static final int COUNT = 600_000;

    @TempDir Path folder;

    @Test
    void a_bf16_model_becomes_f32_and_bf16_again_without_loss() throws IOException {
        Path narrow = model(DType.BF16, 1.5f);
        convert(narrow, "wide", DType.F32);
        convert(folder.resolve("wide"), "again", DType.BF16);
        try (var first = ModelDirectory.open(narrow);
                var wide = ModelDirectory.open(folder.resolve("wide"));
                var again = ModelDirectory.open(folder.resolve("again"))) {
            assertThat(wide.tensor("a").dtype()).isEqualTo(DType.F32);
            assertThat(wide.data("a").get(FloatConversion.FLOAT_LE, (COUNT - 1) * 4L))
                    .isEqualTo(1.5f);
            assertThat(again.data("a").mismatch(first.data("a"))).isEqualTo(-1);
        }
        assertThat(Files.readString(folder.resolve("wide/config.json")))
                .contains("\"torch_dtype\" : \"float32\"")
                .contains("\"hidden_size\" : 64");
        assertThat(folder.resolve("wide/tokenizer.json")).exists();
    }

    @Test
    void a_number_too_large_for_f16_is_refused_and_nothing_is_left() {
        Path wide = model(DType.F32, 70_000);
        assertThatThrownBy(() -> convert(wide, "small", DType.F16))
                .isInstanceOfSatisfying(
                        WeightsException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.NOT_FINITE))
                .hasMessageContaining("70000.0");
        assertThat(folder).isDirectoryNotContaining(path -> !path.equals(wide));
    }

    private void convert(Path from, String to, DType dtype) {
        try (var source = ModelDirectory.open(from)) {
            ModelConversion.convert(source, folder.resolve(to), dtype, 1 << 20);
        }
    }

    private Path model(DType dtype, float last) {
        Path path = folder.resolve("source");
        var specs = List.of(TensorSpec.of("a", dtype, COUNT), TensorSpec.of("b", dtype, 3));
        try (var writer = ModelDirectoryWriter.create(path, specs, 1 << 30)) {
            var value = MemorySegment.ofArray(new float[] {last});
            long at = (COUNT - 1L) * dtype.bytes();
            FloatConversion.narrow(dtype, value, writer.data("a").asSlice(at));
            writer.addFile(
                    "config.json",
                    "{\"hidden_size\": 64, \"torch_dtype\": \"old\"}"
                            .getBytes(StandardCharsets.UTF_8));
            writer.addFile("tokenizer.json", "{}".getBytes(StandardCharsets.UTF_8));
            writer.commit();
        }
        return path;
    }
}
