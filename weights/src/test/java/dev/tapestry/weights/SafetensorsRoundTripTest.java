package dev.tapestry.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsRoundTripTest {

    private static final TensorSpec HALF = TensorSpec.of("half", DType.BF16, 3);
    private static final TensorSpec MATRIX = TensorSpec.of("matrix", DType.F32, 2, 2);
    private static final TensorSpec SCALAR = TensorSpec.of("scalar", DType.F32);
    private static final TensorSpec EMPTY = TensorSpec.of("empty", DType.F16, 0, 7);

    @TempDir Path folder;

    @Test
    void what_was_written_is_read_again() {
        Path path = write("model.safetensors");
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.tensors().sequencedValues())
                    .containsExactly(MATRIX, SCALAR, HALF, EMPTY);
            assertThat(file.metadata()).containsExactly(Map.entry("format", "pt"));
            assertThat(file.data("matrix").get(FloatConversion.FLOAT_LE, 12)).isEqualTo(4.5f);
            assertThat(file.data("scalar").get(FloatConversion.FLOAT_LE, 0)).isEqualTo(-1f);
            assertThat(file.data("half").get(FloatConversion.SHORT_LE, 4)).isEqualTo((short) 7);
            assertThat(file.data("empty").byteSize()).isZero();
            assertThat(file.data("matrix").isReadOnly()).isTrue();
        }
    }

    @Test
    void the_bytes_are_those_of_the_format() throws IOException {
        Path path = folder.resolve("one.safetensors");
        try (var writer =
                SafetensorsWriter.create(
                        path, List.of(TensorSpec.of("a", DType.F32, 1)), Map.of())) {
            writer.data("a").set(FloatConversion.FLOAT_LE, 0, 1f);
            writer.commit();
        }
        String json = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
        String padded = json + " ".repeat((8 - json.length() % 8) % 8);
        byte[] bytes = Files.readAllBytes(path);
        assertThat(bytes[0]).isEqualTo((byte) padded.length());
        assertThat(new String(bytes, 8, padded.length(), StandardCharsets.UTF_8)).isEqualTo(padded);
        assertThat(bytes).endsWith(0, 0, 0x80, 0x3f).hasSize(8 + padded.length() + 4);
    }

    @Test
    void the_same_tensors_give_the_same_bytes() throws IOException {
        assertThat(Files.readAllBytes(write("a"))).isEqualTo(Files.readAllBytes(write("b")));
    }

    @Test
    void a_writer_closed_without_commit_leaves_the_old_file_and_nothing_else() throws IOException {
        Path path = write("model.safetensors");
        byte[] before = Files.readAllBytes(path);
        SafetensorsWriter.create(path, List.of(MATRIX), Map.of()).close();
        assertThat(Files.readAllBytes(path)).isEqualTo(before);
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(path);
        }
    }

    @Test
    void a_name_given_twice_or_never_is_refused() {
        Path path = folder.resolve("twice");
        assertThatThrownBy(() -> SafetensorsWriter.create(path, List.of(HALF, HALF), Map.of()))
                .isInstanceOf(WeightsException.class)
                .hasMessageContaining("'half' is to be written twice");
        try (var file = SafetensorsFile.open(write("known"))) {
            assertThatThrownBy(() -> file.data("unknown"))
                    .isInstanceOf(WeightsException.class)
                    .hasMessageContaining("no tensor 'unknown'");
        }
    }

    @Test
    void what_the_disk_cannot_hold_is_refused_before_it_is_begun() {
        TensorSpec huge = TensorSpec.of("huge", DType.F32, 1L << 60);
        assertThatThrownBy(() ->
                        SafetensorsWriter.create(folder.resolve("huge"), List.of(huge), Map.of()))
                .isInstanceOfSatisfying(
                        WeightsException.class,
                        e -> assertThat(e.code()).isEqualTo(WeightsException.Code.NO_SPACE));
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void pieces_written_from_a_buffer_are_where_the_mapping_shows_them() {
        Path path = folder.resolve("pieces");
        ByteBuffer piece = ByteBuffer.wrap(new byte[] {0, 0, (byte) 0x80, 0x3f});
        try (var writer = SafetensorsWriter.create(path, List.of(MATRIX, SCALAR), Map.of())) {
            writer.write("matrix", 8, piece.duplicate());
            assertThat(writer.data("matrix").get(FloatConversion.FLOAT_LE, 8)).isEqualTo(1f);
            assertThatThrownBy(() -> writer.write("scalar", 4, piece.duplicate()))
                    .isInstanceOf(IndexOutOfBoundsException.class);
            writer.commit();
        }
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.data("matrix").get(FloatConversion.FLOAT_LE, 8)).isEqualTo(1f);
            assertThat(file.data("scalar").get(FloatConversion.FLOAT_LE, 0)).isZero();
        }
    }

    private Path write(String name) {
        Path path = folder.resolve(name);
        List<TensorSpec> specs = List.of(HALF, MATRIX, SCALAR, EMPTY);
        try (var writer = SafetensorsWriter.create(path, specs, Map.of("format", "pt"))) {
            writer.data("matrix").set(FloatConversion.FLOAT_LE, 12, 4.5f);
            writer.data("scalar").set(FloatConversion.FLOAT_LE, 0, -1f);
            writer.data("half").set(FloatConversion.SHORT_LE, 4, (short) 7);
            writer.commit();
        }
        return path;
    }
}
