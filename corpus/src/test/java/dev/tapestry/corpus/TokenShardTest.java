package dev.tapestry.corpus;

import static dev.tapestry.corpus.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenShardTest {

    private static final Digest CARD = Digest.of(new byte[] {1});

    @TempDir Path directory;
    private Path file;
    private byte[] good;

    @BeforeEach
    void pack() throws IOException {
        file = directory.resolve("a.tokens");
        try (TokenShardWriter writer =
                TokenShardWriter.create(file, new BytePairTrainer(258).train().tokenizer(), CARD)) {
            writer.add("ab");
            writer.add("é");
            writer.seal();
            writer.publish();
        }
        good = Files.readAllBytes(file);
    }

    @Test
    void a_sealed_shard_is_whole_but_has_no_name_until_it_is_published() throws IOException {
        Path target = directory.resolve("b.tokens");
        try (TokenShardWriter writer =
                TokenShardWriter.create(
                        target, new BytePairTrainer(258).train().tokenizer(), CARD)) {
            writer.add("ab");
            writer.add("é");
            assertThatThrownBy(writer::publish).isInstanceOf(IllegalStateException.class);
            writer.seal();
            assertThat(target).doesNotExist();
            try (Stream<Path> files = Files.list(directory)) {
                assertThat(files.filter(path -> path.toString().endsWith(".part")))
                        .singleElement()
                        .satisfies(path -> assertThat(path).hasBinaryContent(good));
            }
            writer.publish();
        }
        assertThat(target).hasBinaryContent(good);
    }

    @Test
    void a_shard_names_its_tokenizer_without_being_read() throws IOException {
        Digest tokenizer = new BytePairTrainer(258).train().tokenizer().digest();
        assertThat(TokenShard.tokenizerOf(file)).isEqualTo(tokenizer);
        Files.write(file, Arrays.copyOf(good, 100));
        assertThatThrownBy(() -> TokenShard.tokenizerOf(file)).isInstanceOf(CorpusException.class);
    }

    @Test
    void the_bytes_are_those_of_the_documented_layout() {
        ByteBuffer bytes = ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(new String(good, 0, 8, StandardCharsets.US_ASCII)).isEqualTo("TAPTOKEN");
        assertThat(List.of(bytes.getInt(8), bytes.getInt(12), bytes.getInt(16), bytes.getInt(20)))
                .containsExactly(1, 2, 258, 257);
        assertThat(
                        List.of(
                                bytes.getLong(24),
                                bytes.getLong(32),
                                bytes.getLong(40),
                                bytes.getLong(48)))
                .containsExactly(6L, 2L, 4L, 3L);
        assertThat(good).hasSize(160 + 6 * 2);
        try (TokenShard shard = TokenShard.open(file)) {
            long[] tokens = new long[6];
            shard.copy(0, tokens);
            assertThat(tokens).containsExactly(64, 65, 257, 127, 102, 257);
        }
    }

    @Test
    void a_vocabulary_beyond_16_bits_takes_four_bytes_a_token() {
        List<String> tokens = new ArrayList<>(new BytePairTrainer(258).train().tokens());
        for (int i = 0; tokens.size() < 70_000; i++) {
            tokens.add("x" + Integer.toString(i, 36) + "x");
        }
        ByteLevelTokenizer wide = new TrainedTokenizer(tokens, List.of()).tokenizer();
        Path target = directory.resolve("wide.tokens");
        try (TokenShardWriter writer = TokenShardWriter.create(target, wide, CARD)) {
            writer.add("ab");
            writer.seal();
            assertThat(writer.publish().tokens()).isEqualTo(3);
        }
        assertThat(target).hasSize(160 + 3 * 4);
        try (TokenShard shard = TokenShard.open(target)) {
            assertThat(shard.vocabSize()).isEqualTo(70_002);
            assertThat(shard.token(2)).isEqualTo(70_001);
        }
    }

    @Test
    void every_truncation_and_every_flipped_bit_is_refused() throws IOException {
        for (int length = 0; length < good.length; length++) {
            refused(Arrays.copyOf(good, length), "");
        }
        refused(Arrays.copyOf(good, good.length + 2), "cut off or grew");
        for (int bit = 0; bit < good.length * 8; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            refused(bad, "");
        }
    }

    @Test
    void a_lie_with_the_right_digest_is_refused_too() throws IOException {
        refused(changed(162, 300), "beyond the vocabulary of 258");
        refused(changed(32, 7), "says 7 documents but ends 2");
        refused(changed(8, 2), "version 2");
        refused(changed(12, 4), "4 bytes per token");
        refused(changed(20, 400), "end of text 400");
        refused(changed(24, 5), "cut off or grew");
        refused(changed(48, 5), "impossible counts");
    }

    @Test
    void an_unfinished_shard_leaves_nothing() throws IOException {
        Path target = directory.resolve("b.tokens");
        try (TokenShardWriter writer =
                TokenShardWriter.create(
                        target, new BytePairTrainer(258).train().tokenizer(), CARD)) {
            writer.add("never finished");
        }
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
        assertRefused(() -> TokenShard.open(target), Code.IO, "b.tokens");
    }

    @Test
    void a_closed_shard_is_not_read() {
        TokenShard shard = TokenShard.open(file);
        shard.close();
        assertThatThrownBy(() -> shard.token(0)).isInstanceOf(IllegalStateException.class);
    }

    private byte[] changed(int offset, int value) {
        byte[] bad = good.clone();
        ByteBuffer bytes = ByteBuffer.wrap(bad).order(ByteOrder.LITTLE_ENDIAN);
        if (offset >= 160) {
            bytes.putShort(offset, (short) value);
        } else {
            bytes.putInt(offset, value);
        }
        MessageDigest sha = Digest.sha256();
        sha.update(bad, 160, bad.length - 160);
        sha.update(bad, 0, 128);
        bytes.put(128, sha.digest());
        return bad;
    }

    private void refused(byte[] bad, String reason) throws IOException {
        Path path = directory.resolve("bad.tokens");
        Files.write(path, bad);
        assertRefused(() -> TokenShard.open(path).close(), Code.SHARD_INVALID, reason);
    }
}
