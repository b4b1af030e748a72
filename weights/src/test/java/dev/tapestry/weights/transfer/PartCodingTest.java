package dev.tapestry.weights.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PartCodingTest {

    private static final int PART = 3 * PartCoding.CHUNK_BYTES + 77;

    /** Codes of four bits of normal numbers, as in a coded update. */
    private static byte[] nibbles(int bytes) {
        Random random = new Random(3);
        byte[] codes = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            codes[i] = (byte) (nibble(random) << 4 | nibble(random));
        }
        return codes;
    }

    private static int nibble(Random random) {
        return Math.clamp(Math.round(random.nextGaussian() * 2), -7, 7) & 15;
    }

    private static byte[] noise(int bytes) {
        byte[] noise = new byte[bytes];
        new Random(4).nextBytes(noise);
        return noise;
    }

    private static byte[] encoded(byte[] part) {
        ByteArrayOutputStream coded = new ByteArrayOutputStream();
        byte[] frame = new byte[PartCoding.LONGEST_CHUNK];
        for (int at = 0; at < part.length; at += PartCoding.CHUNK_BYTES) {
            byte[] chunk =
                    Arrays.copyOfRange(
                            part, at, Math.min(part.length, at + PartCoding.CHUNK_BYTES));
            coded.write(frame, 0, PartCoding.encode(chunk, chunk.length, frame));
        }
        return coded.toByteArray();
    }

    private static byte[] decoded(byte[] coded, long bytes) throws IOException {
        try (CodedInput in = new CodedInput(new ByteArrayInputStream(coded), bytes)) {
            return in.readNBytes((int) bytes + 1);
        }
    }

    private static void refused(byte[] coded, long bytes, String message) {
        assertThatThrownBy(() -> decoded(coded, bytes))
                .isInstanceOfSatisfying(
                        WeightsException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.PART_CODING))
                .hasMessageContaining(message);
    }

    @Test
    void codes_come_shorter_and_the_same_and_noise_no_longer_than_may_be() throws IOException {
        byte[] codes = nibbles(PART);
        byte[] coded = encoded(codes);
        assertThat(coded.length).isLessThan(PART * 4 / 5);
        assertThat(decoded(coded, PART)).isEqualTo(codes);

        byte[] noise = noise(PART);
        assertThat((long) encoded(noise).length).isLessThanOrEqualTo(PartCoding.longest(PART));
        assertThat(decoded(encoded(noise), PART)).isEqualTo(noise);
        assertThat(decoded(new byte[0], PART)).isEmpty();
    }

    @Test
    void another_programs_level_one_is_read_and_its_wide_windows_are_not() throws IOException {
        byte[] codes = nibbles(4 << 20);
        assertThat(decoded(Zstd.compress(codes, 1), codes.length)).isEqualTo(codes);
        assertThat(decoded(streamed(codes, 19), codes.length)).isEqualTo(codes);
        refused(streamed(codes, 20), codes.length, "windows of at most 512 KiB");
        // One that remembers all of its content says so too.
        refused(Zstd.compress(new byte[1 << 30 >> 6], 19), 16 << 20, "windows of at most 512 KiB");
    }

    private static byte[] streamed(byte[] bytes, int windowLog) throws IOException {
        ByteArrayOutputStream coded = new ByteArrayOutputStream();
        try (var out = new ZstdOutputStreamNoFinalizer(coded, 1)) {
            out.setWindowLog(windowLog);
            out.write(bytes);
        }
        return coded.toByteArray();
    }

    @Test
    void a_bomb_gives_no_more_than_is_asked_for_and_frames_of_nothing_end() throws IOException {
        byte[] bomb = streamed(new byte[256 << 20], 19);
        assertThat(bomb.length).isLessThan(1 << 20);
        assertThat(decoded(bomb, 1000)).hasSize(1001);

        byte[] nothing = Zstd.compress(new byte[0], 1);
        ByteArrayOutputStream many = new ByteArrayOutputStream();
        for (int i = 0; i < 1000; i++) {
            many.write(nothing);
        }
        refused(many.toByteArray(), 1000, "more came");
    }

    @Test
    void what_is_broken_is_refused_and_what_is_cut_off_is_never_whole() throws IOException {
        byte[] coded = encoded(nibbles(PART));
        byte[] frame = encoded(nibbles(PartCoding.CHUNK_BYTES));
        refused(Arrays.copyOf(frame, frame.length - 1), PartCoding.CHUNK_BYTES, "Truncated");
        // The library forgets that a frame has begun when another ended in the same read.
        assertThat(decoded(Arrays.copyOf(coded, coded.length - 1), PART)).hasSizeLessThan(PART);
        refused(noise(PART), PART, "not zstd");
        byte[] changed = coded.clone();
        changed[9] |= 6; // a first block of no kind that there is (RFC 8878 §3.1.1.2.2)
        refused(changed, PART, "not zstd");
        byte[] followed = Arrays.copyOf(coded, coded.length + 5);
        refused(followed, PART, "not zstd");
    }

    @Test
    void it_pays_where_the_line_is_slower_than_both_ends_are() {
        byte[] codes = nibbles(PartCoding.CHUNK_BYTES);
        CodingTrial trial = PartCoding.trial(codes, codes.length);
        assertThat(trial.saving()).isBetween(0.15, 0.4);
        assertThat(trial.seconds()).isPositive();

        // 100 MB/s, and a fifth saved: 10 MB/s.
        CodingTrial fifth = new CodingTrial(1_000_000, 800_000, 0.01);
        assertThat(fifth.pays(9.9e6)).isTrue();
        assertThat(fifth.pays(10.1e6)).isFalse();
        assertThat(new CodingTrial(1_000_000, 971_000, 0.01).pays(1)).isFalse();
        assertThat(PartCoding.trial(noise(100_000), 100_000).pays(1)).isFalse();
    }
}
