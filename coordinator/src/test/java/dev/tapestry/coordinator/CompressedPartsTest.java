package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.github.luben.zstd.Zstd;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.ModelUpdate;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.coordinator.CodedMember.Coded;
import dev.tapestry.weights.codec.Codec;
import java.io.ByteArrayInputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Parts that travel compressed, and whoever says that his do. */
class CompressedPartsTest {

    private static final String[] ZSTD = {"Content-Encoding", "zstd"};

    @TempDir Path folder;

    private static Answer put(TestMember member, Digest part, byte[] body, String... headers) {
        return member.client.call("PUT", "/v1/parts/" + part, body, headers);
    }

    @Test
    void an_update_that_came_compressed_is_the_update_that_was_signed() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg(), CodedMember.both(Codec.INT4, Codec.INT4));
            CodedMember ada = new CodedMember(stage.member(0));
            RoundView view = ada.member().await(1, Phase.COLLECTING);
            Coded coded = ada.encode(view.plan().orElseThrow(), Codec.INT4, 1);
            ContributionManifest manifest = ada.manifest(view, coded, coded.named("int4/1"));
            Answer begun = ada.member().post(1, ada.member().signed(manifest));
            assertThat(begun.headers().firstValue("Tapestry-Part-Coding")).contains("zstd");
            UploadStatus status = begun.as(200, UploadStatus.class);
            long sent = 0;
            for (Digest part : status.missing()) {
                byte[] bytes =
                        TinyModels.part(coded.file().resolveSibling("."), manifest.sent(), part);
                byte[] compressed = Zstd.compress(bytes, 1);
                sent += compressed.length;
                assertThat(put(ada.member(), part, compressed, ZSTD).status()).isEqualTo(204);
            }
            assertThat(sent).isLessThan(manifest.sent().bytes());
            ada.member().seal(1, status.contribution()).as(200, Accepted.class);

            // And what comes of it goes out as it is asked for.
            Digest candidate = ada.member().await(1, Phase.SCORING).candidate().orElseThrow();
            ModelUpdate update =
                    ada.member()
                            .client
                            .get("/v1/models/" + candidate + "/update")
                            .as(200, ModelUpdate.class);
            serves(ada.member(), update.update().file().parts().getFirst());
            assertThat(ada.byUpdate(candidate)).isEqualTo(candidate);
        }
    }

    private static void serves(TestMember member, ModelManifest.Part part) {
        String path = "/v1/parts/" + part.digest();
        for (String asked : List.of("zstd", "gzip, ZSTD;q=0.5", "br;q=1, zstd ; q=1.0")) {
            Answer compressed = member.client.get(path, "Accept-Encoding", asked);
            assertThat(compressed.headers().firstValue("Content-Encoding")).contains("zstd");
            assertThat(compressed.headers().firstValue("Vary")).contains("Accept-Encoding");
            assertThat(compressed.headers().firstValue("ETag"))
                    .contains("\"" + part.digest() + "-zstd\"");
            assertThat(compressed.body().length).isLessThan((int) part.bytes());
            byte[] bytes = Zstd.decompress(compressed.body(), (int) part.bytes());
            assertThat(Digest.of(bytes)).isEqualTo(part.digest());
        }
        for (String asked : List.of("gzip", "zstd;q=0", "zstd;q=0.000", "*", "xzstd", "")) {
            isPlain(member.client.get(path, "Accept-Encoding", asked), part);
        }
        isPlain(member.client.get(path), part);
        Answer range = member.client.get(path, "Accept-Encoding", "zstd", "Range", "bytes=0-9");
        assertThat(range.status()).isEqualTo(206);
        assertThat(range.headers().firstValue("Content-Encoding")).isEmpty();
        assertThat(range.body()).hasSize(10);
    }

    private static void isPlain(Answer answer, ModelManifest.Part part) {
        assertThat(answer.headers().firstValue("Content-Encoding")).isEmpty();
        assertThat(Digest.of(answer.body())).isEqualTo(part.digest());
    }

    @Test
    void what_is_no_part_under_its_wrapping_is_refused_and_nothing_of_it_is_kept() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            RoundView view = ada.await(1, Phase.COLLECTING);
            Path weights = ada.train(view.plan().orElseThrow(), 1);
            ContributionManifest manifest = ada.manifest(view, weights);
            byte[] envelope = ada.signed(manifest);
            List<Digest> missing = ada.post(1, envelope).as(200, UploadStatus.class).missing();
            Digest part = missing.getFirst();
            byte[] right = TinyModels.part(weights, manifest.weights(), part);
            byte[] frame = Zstd.compress(right, 1);

            refused(ada, part, Zstd.compress(new byte[32 << 20], 1), "WRONG_LENGTH", "but more");
            refused(
                    ada,
                    part,
                    Zstd.compress(Arrays.copyOf(right, right.length + 1)),
                    "WRONG_LENGTH",
                    "but more");
            refused(
                    ada,
                    part,
                    Zstd.compress(Arrays.copyOf(right, right.length - 1)),
                    "WRONG_LENGTH",
                    "but " + (right.length - 1));
            refused(ada, part, new byte[2 * right.length + 4096], "WRONG_LENGTH", "were sent");
            refused(ada, part, Arrays.copyOf(frame, frame.length - 1), "PART_CODING", "Truncated");
            refused(ada, part, right, "PART_CODING", "not zstd");
            byte[] other = right.clone();
            other[7]++;
            refused(ada, part, Zstd.compress(other), "DIGEST_MISMATCH", "has SHA-256");
            wide(ada, part, right.length);
            endless(ada, part);

            assertThat(ada.post(1, envelope).as(200, UploadStatus.class).missing())
                    .isEqualTo(missing);
            await().until(() -> stage.coordinator.buffers().lent() == 0);
            assertThat(put(ada, part, frame, ZSTD).status()).isEqualTo(204);
            ada.send(manifest.weights(), weights, missing.subList(1, missing.size()));
            ada.seal(1, Digest.of(envelope)).as(200, Accepted.class);
        }
    }

    private static void refused(
            TestMember member, Digest part, byte[] body, String code, String detail) {
        Answer answer = put(member, part, body, ZSTD);
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.code()).isEqualTo(code);
        assertThat(answer.text()).contains(detail);
    }

    /** A frame whose head asks for a memory of gigabytes (RFC 8878 §3.1.1.1.2). */
    private static void wide(TestMember member, Digest part, int bytes) {
        byte[] frame = new byte[bytes];
        byte[] head = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0, (byte) (21 << 3)};
        System.arraycopy(head, 0, frame, 0, head.length);
        refused(member, part, frame, "PART_CODING", "windows of at most 512 KiB");
    }

    /** Frames of nothing, one after the other, whose length nobody said. */
    private static void endless(TestMember member, Digest part) {
        byte[] nothing = Zstd.compress(new byte[0]);
        byte[] frames = new byte[nothing.length * 100_000];
        for (int at = 0; at < frames.length; at += nothing.length) {
            System.arraycopy(nothing, 0, frames, at, nothing.length);
        }
        try {
            String path = "/v1/parts/" + part;
            Answer answer = member.client.putFrom(path, new ByteArrayInputStream(frames), ZSTD);
            assertThat(answer.code()).isEqualTo("PART_CODING");
            assertThat(answer.text()).contains("more came");
        } catch (UncheckedIOException _) {
            // It has answered and closed before everything was written; the answer can be lost.
        }
    }

    @Test
    void codings_that_nobody_announced_are_refused_before_the_body() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            RoundView view = ada.await(1, Phase.COLLECTING);
            Path weights = ada.train(view.plan().orElseThrow(), 1);
            ContributionManifest manifest = ada.manifest(view, weights);
            byte[] envelope = ada.signed(manifest);
            Digest part = ada.post(1, envelope).as(200, UploadStatus.class).missing().getFirst();
            byte[] bytes = TinyModels.part(weights, manifest.weights(), part);
            for (String coding : List.of("gzip", "zstd, zstd", "zstd, gzip", "x", "zstd;q=1")) {
                Answer answer = put(ada, part, bytes, "Content-Encoding", coding);
                assertThat(answer.status()).as(coding).isEqualTo(415);
                assertThat(answer.code()).isEqualTo("UNKNOWN_CODING");
                assertThat(answer.headers().firstValue("Accept-Encoding")).contains("zstd");
            }
            Answer document =
                    ada.client.call(
                            "POST", "/v1/rounds/1/contributions", Zstd.compress(envelope), ZSTD);
            assertThat(document.status()).isEqualTo(415);
            assertThat(document.headers().firstValue("Accept-Encoding")).contains("identity");
            assertThat(put(ada, part, bytes, "Content-Encoding", "identity").status())
                    .isEqualTo(204);
        }
    }
}
