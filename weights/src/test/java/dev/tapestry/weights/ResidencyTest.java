package dev.tapestry.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class ResidencyTest {

    private static final int BYTES = 64 << 20;

    @TempDir Path folder;

    @Test
    @EnabledOnOs(OS.LINUX)
    void released_pages_leave_the_process_and_lose_nothing() throws IOException {
        Path path = folder.resolve("pages");
        var specs = List.of(TensorSpec.of("a", DType.F32, BYTES / 4));
        try (var writer = SafetensorsWriter.create(path, specs, Map.of())) {
            MemorySegment data = writer.data("a");
            data.fill((byte) 3);
            long before = residentFileBytes();
            Residency.release(data);
            assertThat(before - residentFileBytes()).isGreaterThan(BYTES / 2);
            writer.commit();
        }
        try (var file = SafetensorsFile.open(path)) {
            MemorySegment data = file.data("a");
            MemorySegment expected = MemorySegment.ofArray(new byte[BYTES]).fill((byte) 3);
            assertThat(data.mismatch(expected)).isEqualTo(-1);
            Residency.release(data);
            assertThat(data.mismatch(expected)).isEqualTo(-1);
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void a_file_that_is_read_piece_by_piece_leaves_nothing_behind_whatever_is_mapped_around()
            throws IOException {
        Path path = folder.resolve("pieces");
        Files.write(path, new byte[BYTES]);
        try (var channel = FileChannel.open(path);
                Arena arena = Arena.ofConfined()) {
            MemorySegment whole =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, BYTES, arena).asSlice(1234);
            long before = residentFileBytes();
            long sum = 0;
            int piece = 100_000;
            for (long at = 0; at + piece <= whole.byteSize(); at += piece) {
                for (long i = at; i < at + piece; i += 512) {
                    sum += whole.get(ValueLayout.JAVA_BYTE, i);
                }
                Residency.release(whole, at, piece);
            }
            assertThat(sum).isZero();
            assertThat(residentFileBytes() - before).isLessThan(2 << 20);
        }
    }

    @Test
    void memory_that_is_no_file_is_left_alone() {
        MemorySegment heap = MemorySegment.ofArray(new float[] {1, 2, 3});
        Residency.release(heap);
        assertThat(heap.get(FloatConversion.FLOAT_LE, 8)).isEqualTo(3);
    }

    private static long residentFileBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("RssFile:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
            }
        }
        throw new IOException("no RssFile in /proc/self/status");
    }
}
