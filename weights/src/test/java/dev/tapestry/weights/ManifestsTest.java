package dev.tapestry.weights;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.weights.Manifests.Difference;
import dev.tapestry.weights.Manifests.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestsTest {

    @TempDir Path folder;
    private final byte[] weights = new byte[(int) ModelManifest.PART_BYTES + 500_000];

    @BeforeEach
    void fill() throws IOException {
        new SplittableRandom(7).nextBytes(weights);
        Files.write(folder.resolve("model.safetensors"), weights);
        Files.writeString(folder.resolve("config.json"), "{}");
        Files.writeString(folder.resolve("notes.txt"), "not of the model");
        Files.writeString(folder.resolve(".hidden.json"), "nor this");
    }

    @Test
    void a_manifest_names_every_file_of_the_model_by_content() {
        ModelManifest manifest = Manifests.of(folder);
        assertThat(manifest.files())
                .extracting(ModelManifest.File::path)
                .containsExactly("config.json", "model.safetensors");
        assertThat(manifest.bytes()).isEqualTo(weights.length + 2);
    }

    @Test
    void parts_are_the_pieces_of_the_file_in_order() throws IOException {
        int border = (int) ModelManifest.PART_BYTES;
        assertThat(Manifests.parts(folder.resolve("model.safetensors")))
                .containsExactly(part(0, border), part(border, weights.length));
        Files.write(folder.resolve("model.safetensors"), Arrays.copyOf(weights, border));
        assertThat(Manifests.parts(folder.resolve("model.safetensors")))
                .containsExactly(part(0, border));
    }

    @Test
    void an_empty_file_has_no_parts() throws IOException {
        Path empty = Files.createFile(folder.resolve("empty.json"));
        assertThat(Manifests.parts(empty)).isEmpty();
        assertThat(Manifests.file(empty).bytes()).isZero();
    }

    @Test
    void a_byte_that_a_disk_has_changed_is_found_by_its_checksum_and_named_by_its_digest()
            throws IOException {
        PartSums sums = new PartSums();
        ModelManifest manifest = Manifests.of(folder, sums);
        assertThat(Manifests.verify(folder, manifest, sums)).isEmpty();
        weights[(int) ModelManifest.PART_BYTES + 7] ^= 1;
        Files.write(folder.resolve("model.safetensors"), weights);
        assertThat(Manifests.verify(folder, manifest, sums))
                .singleElement()
                .satisfies(problem ->
                        assertThat(problem.detail())
                                .contains(
                                        "part 1",
                                        part((int) ModelManifest.PART_BYTES, weights.length)
                                                .digest()
                                                .toString()));
    }

    @Test
    void a_checksum_that_fits_is_believed_only_by_whoever_does_not_have_to_hash() {
        PartSums sums = new PartSums();
        ModelManifest manifest = Manifests.of(folder, sums);
        CRC32C crc = new CRC32C();
        crc.update(weights, 0, (int) ModelManifest.PART_BYTES);
        Digest claimed = Digest.of("claimed".getBytes(UTF_8));
        sums.learn(claimed, (int) crc.getValue());
        ModelManifest.File file = manifest.files().getLast();
        ModelManifest other =
                new ModelManifest(
                        List.of(
                                manifest.files().getFirst(),
                                new ModelManifest.File(
                                        file.path(),
                                        file.bytes(),
                                        List.of(
                                                new ModelManifest.Part(
                                                        claimed, ModelManifest.PART_BYTES),
                                                file.parts().getLast()))));
        assertThat(Manifests.verify(folder, other, sums)).isEmpty();
        assertThat(Manifests.verify(folder, other, sums.learning())).hasSize(1);
        assertThat(Manifests.verify(folder, other)).hasSize(1);
    }

    @Test
    void an_untouched_model_verifies() {
        assertThat(Manifests.verify(folder, Manifests.of(folder))).isEmpty();
    }

    @Test
    void every_kind_of_difference_is_found() throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), "{}");
        ModelManifest manifest = Manifests.of(folder);
        weights[weights.length - 1] ^= 1;
        Files.write(folder.resolve("model.safetensors"), weights);
        Files.writeString(folder.resolve("config.json"), "{ }");
        Files.delete(folder.resolve("tokenizer.json"));
        Files.writeString(folder.resolve("new.json"), "{}");
        assertThat(Manifests.verify(folder, manifest))
                .anySatisfy(problem ->
                        assertThat(problem.detail())
                                .contains("part 1, from byte 16777216, has SHA-256"))
                .extracting(Problem::path, Problem::difference)
                .containsExactlyInAnyOrder(
                        tuple("config.json", Difference.LENGTH),
                        tuple("model.safetensors", Difference.CONTENT),
                        tuple("tokenizer.json", Difference.MISSING),
                        tuple("new.json", Difference.UNEXPECTED));
    }

    private ModelManifest.Part part(int from, int to) {
        return new ModelManifest.Part(Digest.of(Arrays.copyOfRange(weights, from, to)), to - from);
    }
}
