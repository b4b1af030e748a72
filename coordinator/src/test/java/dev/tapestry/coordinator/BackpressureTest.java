package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.UploadStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** More than the coordinator has memory or disk for: it waits, or is told early and in numbers. */
class BackpressureTest {

    /** Four buffers: alone, a member gets two. */
    private static final int ONE_MEBIBYTE = 1;

    @TempDir Path folder;

    private static Doorkeeper.Limits waitingFor(Duration turn) {
        Doorkeeper.Limits usual = Doorkeeper.Limits.USUAL;
        return new Doorkeeper.Limits(
                usual.strangers(),
                usual.perMember(),
                usual.head(),
                usual.idle(),
                usual.grace(),
                usual.bytesPerSecond(),
                turn);
    }

    private Stage stage(Duration turn, String... members) {
        Stage stage = new Stage(folder, Stage.charter(1), waitingFor(turn));
        stage.stop();
        stage.transferMebibytes = ONE_MEBIBYTE;
        stage.resume();
        return stage.withMembers(members);
    }

    /** An upload that is open, with its parts still missing. */
    private record Open(TestMember member, Path weights, ContributionManifest manifest) {

        static Open of(TestMember member, long seed) {
            RoundView view = member.await(1, Phase.COLLECTING);
            Path weights = member.train(view.plan().orElseThrow(), seed);
            return new Open(member, weights, member.manifest(view, weights));
        }

        Answer post() {
            return member.post(1, member.signed(manifest));
        }

        byte[] bytes(Digest part) {
            return TinyModels.part(weights, manifest.weights(), part);
        }
    }

    /** Sends the head of a part and one byte of it. */
    private static RawConnection begun(Stage stage, Open open, Digest part) throws IOException {
        RawConnection connection =
                new RawConnection(stage.coordinator.address(), open.member().identity.client());
        byte[] bytes = open.bytes(part);
        connection.send(
                "PUT /v1/parts/%s HTTP/1.1\r\nHost: x\r\nTapestry-Protocol: 1\r\nContent-Length: %d\r\n\r\n%c"
                        .formatted(part, bytes.length, bytes[0] & 0xff));
        return connection;
    }

    private static void finish(RawConnection connection, byte[] bytes) throws IOException {
        StringBuilder rest = new StringBuilder();
        for (int i = 1; i < bytes.length; i++) {
            rest.append((char) (bytes[i] & 0xff));
        }
        connection.send(rest.toString());
    }

    @Test
    void a_member_with_many_slow_lines_waits_for_itself_and_keeps_nobody_out() throws Exception {
        try (Stage stage = stage(Duration.ofMinutes(1), "ada", "bela")) {
            stage.run(1, MergeRule.fedAvg());
            Open ada = Open.of(stage.member(0), 1);
            List<Digest> parts = ada.post().as(200, UploadStatus.class).missing();
            assertThat(parts).hasSizeGreaterThan(2);
            PartBuffers buffers = stage.coordinator.buffers();
            List<RawConnection> slow = new ArrayList<>();
            try {
                for (Digest part : parts.subList(0, 2)) {
                    slow.add(begun(stage, ada, part));
                }
                await().until(() -> buffers.lent() == 2);
                CompletableFuture<Answer> third =
                        CompletableFuture.supplyAsync(() ->
                                ada.member()
                                        .client
                                        .put("/v1/parts/" + parts.get(2), ada.bytes(parts.get(2))));
                await().until(() -> buffers.waiting() == 1);

                // Meanwhile another member brings and fetches what it likes.
                TestMember bela = stage.member(1);
                RoundView view = bela.await(1, Phase.COLLECTING);
                bela.contribute(view, bela.train(view.plan().orElseThrow(), 2))
                        .as(200, Accepted.class);

                // A buffer that came back would have gone to who waits, were it entitled.
                await().until(() -> buffers.lent() == 2);
                assertThat(buffers.waiting()).isOne();
                finish(slow.getFirst(), ada.bytes(parts.getFirst()));
                assertThat(slow.getFirst().reply().status()).isEqualTo(204);
                assertThat(third.get(1, TimeUnit.MINUTES).status()).isEqualTo(204);
                finish(slow.getLast(), ada.bytes(parts.get(1)));
                assertThat(slow.getLast().reply().status()).isEqualTo(204);
            } finally {
                slow.forEach(RawConnection::close);
            }
            await().until(() -> buffers.lent() == 0);
        }
    }

    @Test
    void a_part_that_waits_too_long_is_told_when_to_come_again_and_is_taken_then()
            throws Exception {
        try (Stage stage = stage(Duration.ofSeconds(2), "ada")) {
            stage.run(1, MergeRule.fedAvg());
            Open ada = Open.of(stage.member(0), 1);
            List<Digest> parts = ada.post().as(200, UploadStatus.class).missing();
            PartBuffers buffers = stage.coordinator.buffers();
            try (RawConnection _ = begun(stage, ada, parts.get(0));
                    RawConnection _ = begun(stage, ada, parts.get(1))) {
                await().until(() -> buffers.lent() == 2);
                Answer busy =
                        ada.member()
                                .client
                                .put("/v1/parts/" + parts.get(2), ada.bytes(parts.get(2)));
                assertThat(busy.status()).isEqualTo(503);
                assertThat(busy.code()).isEqualTo("BUSY");
                assertThat(busy.headers().firstValue("Retry-After")).contains("2");
                assertThat(busy.text()).contains("2 places for parts are taken, 2 of them by ada");
                Answer download =
                        ada.member().client.get("/v1/parts/" + somePartOf(stage, ada.member()));
                assertThat(download.code()).isEqualTo("BUSY");
            }
            // Their senders left; what they held is free again.
            await().until(() -> buffers.lent() == 0);
            ada.member().send(ada.manifest().weights(), ada.weights(), parts);
            UploadStatus whole = ada.post().as(200, UploadStatus.class);
            assertThat(whole.missing()).isEmpty();
            ada.member().seal(1, whole.contribution()).as(200, Accepted.class);
        }
    }

    private static Digest somePartOf(Stage stage, TestMember member) {
        return TinyModels.weights(member.fetch(stage.base())).parts().getFirst().digest();
    }

    @Test
    void
            a_contribution_that_does_not_fit_on_the_disk_is_refused_in_numbers_before_its_first_byte() {
        AtomicLong room = new AtomicLong(1000);
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada", "bela")) {
            stage.disk = _ -> room.get();
            stage.run(1, MergeRule.fedAvg());
            Open ada = Open.of(stage.member(0), 1);
            long bytes = ada.manifest().weights().bytes();
            Answer refused = ada.post();
            assertThat(refused.status()).isEqualTo(507);
            assertThat(refused.code()).isEqualTo("STORAGE");
            assertThat(refused.text()).contains("1,000 bytes left", "%,d".formatted(bytes));
            Digest part = ada.manifest().weights().parts().getFirst().digest();
            assertThat(ada.member().client.put("/v1/parts/" + part, ada.bytes(part)).code())
                    .isEqualTo("NOT_AWAITED");

            // Room for one is promised to the first who announces.
            room.set(bytes + 100);
            List<Digest> missing = ada.post().as(200, UploadStatus.class).missing();
            Open bela = Open.of(stage.member(1), 2);
            assertThat(bela.post().text()).contains("%,d of them for".formatted(bytes));

            // And what has arrived needs none any more.
            ada.member().send(ada.manifest().weights(), ada.weights(), missing);
            room.set(bytes);
            assertThat(bela.post().as(200, UploadStatus.class).missing()).isNotEmpty();
        }
    }
}
