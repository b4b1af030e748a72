package dev.tapestry.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LargeSafetensorsTest {

    @TempDir Path folder;

    @Test
    void the_last_number_of_a_sparse_file_of_five_gigabytes_is_read() {
        Path path = folder.resolve("large");
        long elements = 5L << 28;
        List<TensorSpec> specs =
                List.of(
                        TensorSpec.of("large", DType.F32, 1 << 10, elements >> 10),
                        TensorSpec.of("last", DType.F32, 1));
        try (var writer = SafetensorsWriter.create(path, specs, Map.of())) {
            writer.data("large").set(FloatConversion.FLOAT_LE, (elements - 1) * 4, 2.5f);
            writer.data("last").set(FloatConversion.FLOAT_LE, 0, 3.5f);
            writer.commit();
        }
        try (var file = SafetensorsFile.open(path)) {
            assertThat(file.data("large").byteSize()).isEqualTo(5L << 30);
            assertThat(file.data("large").get(FloatConversion.FLOAT_LE, (elements - 1) * 4))
                    .isEqualTo(2.5f);
            assertThat(file.data("last").get(FloatConversion.FLOAT_LE, 0)).isEqualTo(3.5f);
        }
    }
}
