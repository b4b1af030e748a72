package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.weights.PartSums;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reading an outer state again by checksums. */
class StatePartsTest {

    @TempDir Path folder;
    private final PartSums sums = new PartSums();
    private OuterState state;
    private Path moment;

    @BeforeEach
    void merge() {
        try (Models models = new Models(folder)) {
            MergeOrder order =
                    Models.order(
                            models.vector("base", 1, 2, 3),
                            Models.members(List.of(models.vector("a", 2, 2, 2)), 1),
                            MergeRule.diLoCo(0.7, 0.9));
            state =
                    Merge.run(order, folder.resolve("next"), 1, sums, _ -> {})
                            .state()
                            .orElseThrow();
        }
        moment = state.directory().resolve("first-moment/model.safetensors");
    }

    @Test
    void the_lines_that_its_digest_is_of_lie_in_it() throws IOException {
        Path parts = state.directory().resolve(StateParts.FILE);
        assertThat(Digest.of(Files.readAllBytes(parts))).isEqualTo(state.digest());
        assertThat(parts).content().contains("first-moment/model.safetensors ");
    }

    @Test
    void a_byte_that_a_disk_has_changed_is_found_by_its_checksum() throws IOException {
        assertThat(state.isIntact(sums)).isTrue();
        byte[] bytes = Files.readAllBytes(moment);
        bytes[bytes.length - 1] ^= 1;
        Files.write(moment, bytes);
        assertThat(state.isIntact(sums)).isFalse();
        assertThat(state.isIntact()).isFalse();
    }

    @Test
    void what_it_says_of_itself_is_believed_only_where_the_checksum_is_known() throws IOException {
        byte[] forged = Files.readAllBytes(moment);
        forged[forged.length - 1] ^= 1;
        Files.write(moment, forged);
        Path parts = state.directory().resolve(StateParts.FILE);
        OuterState claimed =
                new OuterState(state.directory(), Digest.of(Files.readAllBytes(parts)));
        assertThat(claimed.isIntact(new PartSums())).isFalse();

        CRC32C crc = new CRC32C();
        crc.update(forged);
        Digest part =
                new Digest(
                        Files.readString(parts)
                                .replaceAll("(?s).*model.safetensors (\\w+).*", "$1"));
        sums.learn(part, (int) crc.getValue());
        assertThat(claimed.isIntact(sums)).isTrue();
        assertThat(claimed.isIntact(sums.learning())).isFalse();
    }

    @Test
    void without_those_lines_or_with_others_it_is_hashed() throws IOException {
        Path parts = state.directory().resolve(StateParts.FILE);
        for (String other : List.of("", "nonsense\n", "first-moment/model.safetensors x y\n\n")) {
            Files.writeString(parts, other);
            assertThat(state.isIntact(sums)).as(other).isTrue();
            assertThat(state.isIntact()).as("to whoever audits, it is another file").isFalse();
        }
        Files.write(parts, new byte[] {(byte) 0xff, 0, (byte) 0xfe});
        assertThat(state.isIntact(sums)).isTrue();
        Files.delete(parts);
        assertThat(state.isIntact(sums)).isTrue();
        assertThat(state.isIntact()).isTrue();
    }
}
