package dev.tapestry.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damages a good file at random: whatever comes of it is opened or refused, nothing else. */
class MutatedSafetensorsTest {

    private static final int FILES = 10_000;
    private static final byte[] TELLING =
            "0123456789-{}[]\":,. \\eE\0".getBytes(StandardCharsets.UTF_8);

    @TempDir Path folder;

    @Test
    void a_damaged_file_is_opened_or_refused_but_never_anything_else() throws IOException {
        long seed = Long.getLong("tapestry.seed", System.nanoTime());
        SplittableRandom random = new SplittableRandom(seed);
        byte[] good = goodFile();
        int opened = 0;
        for (int i = 0; i < FILES; i++) {
            byte[] bytes = damaged(good, random);
            Path path = folder.resolve("damaged");
            try {
                header(path, bytes);
                opened++;
            } catch (WeightsException refused) {
                assertThat(refused).hasMessageContaining("byte ");
            } catch (Throwable other) {
                throw new AssertionError("-Dtapestry.seed=" + seed + ", file " + i, other);
            }
        }
        System.out.println("seed " + seed + ": " + opened + " of " + FILES + " opened");
    }

    private static void header(Path path, byte[] bytes) {
        SafetensorsHeader header = SafetensorsHeaderReader.read(path, MemorySegment.ofArray(bytes));
        assertThat(header.headerBytes() + header.dataBytes()).isEqualTo(bytes.length);
    }

    private static byte[] damaged(byte[] good, SplittableRandom random) {
        byte[] bytes = good.clone();
        for (int edits = random.nextInt(1, 5); edits > 0; edits--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(5)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes[at] = TELLING[random.nextInt(TELLING.length)];
                case 2 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 3 -> bytes = Arrays.copyOf(bytes, random.nextInt(1, bytes.length + 9));
                default ->
                        System.arraycopy(
                                good,
                                random.nextInt(good.length - 8),
                                bytes,
                                random.nextInt(Math.max(1, bytes.length - 8)),
                                Math.min(8, bytes.length));
            }
        }
        return bytes;
    }

    private byte[] goodFile() throws IOException {
        Path path = folder.resolve("good");
        List<TensorSpec> specs =
                List.of(
                        TensorSpec.of("model.embed_tokens.weight", DType.F32, 3, 2),
                        TensorSpec.of("größe", DType.BF16, 5),
                        TensorSpec.of("scalar", DType.F16));
        try (var writer = SafetensorsWriter.create(path, specs, Map.of("format", "pt"))) {
            writer.commit();
        }
        return Files.readAllBytes(path);
    }
}
