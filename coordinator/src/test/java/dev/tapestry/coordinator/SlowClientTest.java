package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.protocol.RoundView;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who sends as slowly as it can holds up nobody, and not for ever. */
class SlowClientTest {

    private static final int ATTACKERS = 40;

    /** Impatient, so that a test sees the end; and no honest one is as slow, however busy it is. */
    private static final Doorkeeper.Limits IMPATIENT =
            new Doorkeeper.Limits(
                    64,
                    8,
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(5),
                    1024,
                    Duration.ofSeconds(20));

    private static final String HEAD = " HTTP/1.1\r\nHost: x\r\nTapestry-Protocol: 1\r\n";

    @TempDir Path folder;

    /** Says a little more on one connection. */
    private interface Dribble {
        void more(RawConnection connection) throws IOException;
    }

    @Test
    void a_handshake_that_is_never_finished_is_cut_off_and_nobody_waits_for_it()
            throws IOException {
        try (Stage stage = new Stage(folder, Stage.charter(1), IMPATIENT).withMembers("ada")) {
            List<Socket> attackers = new ArrayList<>();
            for (int i = 0; i < ATTACKERS; i++) {
                Socket socket =
                        new Socket(
                                stage.coordinator.address().getHost(),
                                stage.coordinator.address().getPort());
                // Half of a TLS record's head.
                socket.getOutputStream().write(new byte[] {0x16, 0x03, 0x01});
                attackers.add(socket);
            }
            served(stage);
            for (Socket attacker : attackers) {
                attacker.setSoTimeout(60_000);
                assertThat(isOver(attacker)).isTrue();
                attacker.close();
            }
            served(stage);
        }
    }

    private static boolean isOver(Socket socket) {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true; // reset
        }
    }

    @Test
    void a_head_that_comes_byte_by_byte_is_cut_off_and_nobody_waits_for_it() throws Exception {
        try (Stage stage = new Stage(folder, Stage.charter(1), IMPATIENT).withMembers("ada")) {
            isCutOff(stage, "GET /v1/status HTTP/1.1\r\nHost: x\r\nX: ", raw -> raw.send("a"));
        }
    }

    @Test
    void a_body_that_comes_byte_by_byte_is_cut_off_and_nobody_waits_for_it() throws Exception {
        try (Stage stage = new Stage(folder, Stage.charter(1), IMPATIENT).withMembers("ada")) {
            isCutOff(
                    stage,
                    "POST /v1/enrolments" + HEAD + "Content-Length: 60000\r\n\r\n",
                    raw -> raw.send(" "));
        }
    }

    @Test
    void a_body_in_chunks_of_one_byte_is_cut_off_and_nobody_waits_for_it() throws Exception {
        try (Stage stage = new Stage(folder, Stage.charter(1), IMPATIENT).withMembers("ada")) {
            isCutOff(
                    stage,
                    "POST /v1/enrolments" + HEAD + "Transfer-Encoding: chunked\r\n\r\n",
                    raw -> raw.send("1\r\n \r\n"));
        }
    }

    private static void isCutOff(Stage stage, String begin, Dribble dribble) throws Exception {
        List<RawConnection> attackers = new ArrayList<>();
        try {
            for (int i = 0; i < ATTACKERS; i++) {
                RawConnection raw =
                        new RawConnection(stage.coordinator.address(), stage.stranger());
                raw.send(begin);
                attackers.add(raw);
            }
            CompletableFuture<Void> dribbling =
                    CompletableFuture.runAsync(() -> untilAllEnd(attackers, dribble));
            served(stage);
            dribbling.get(3, TimeUnit.MINUTES);
            served(stage);
        } finally {
            attackers.forEach(RawConnection::close);
        }
    }

    /** Each is written to until that fails: the coordinator has closed it. */
    private static void untilAllEnd(List<RawConnection> attackers, Dribble dribble) {
        List<RawConnection> alive = new ArrayList<>(attackers);
        await().atMost(Duration.ofMinutes(2))
                .pollInterval(Duration.ofMillis(100))
                .until(() -> {
                    alive.removeIf(raw -> !isAlive(raw, dribble));
                    return alive.isEmpty();
                });
    }

    private static boolean isAlive(RawConnection raw, Dribble dribble) {
        try {
            dribble.more(raw);
            return true;
        } catch (IOException _) {
            return false;
        }
    }

    @Test
    void a_member_that_hangs_in_its_own_upload_can_send_it_again_and_is_cut_off() throws Exception {
        try (Stage stage = new Stage(folder, Stage.charter(1), IMPATIENT).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            try (RawConnection hanging =
                    new RawConnection(stage.coordinator.address(), ada.identity.client())) {
                hanging.send(
                        "POST /v1/rounds/1/contributions"
                                + HEAD
                                + "Content-Length: 8000000\r\n\r\n{");
                ada.takePart(1, Stage.SEED);
                assertThat(hanging.ends()).isTrue();
            }
        }
    }

    /** It asks again and again and never takes an answer: a thread and a buffer stand still. */
    @Test
    void a_member_that_stops_reading_its_parts_is_cut_off_and_nobody_waits_for_it()
            throws Exception {
        try (Stage stage = new Stage(folder, Stage.charter(1), IMPATIENT).withMembers("ada")) {
            TestMember ada = stage.member(0);
            ModelManifest.Part part =
                    ada.client
                            .get("/v1/models/" + stage.base())
                            .as(200, ModelManifest.class)
                            .files()
                            .get(1)
                            .parts()
                            .getFirst();
            try (RawConnection stopped =
                    new RawConnection(stage.coordinator.address(), ada.identity.client())) {
                String ask = "GET /v1/parts/" + part.digest() + HEAD + "\r\n";
                CompletableFuture<Void> asking =
                        CompletableFuture.runAsync(() -> untilCutOff(stopped, ask));
                served(stage);
                asking.get(60, TimeUnit.SECONDS);
            }
            served(stage);
        }
    }

    /** Until the buffers of both sockets are full, and then until the coordinator ends it. */
    private static void untilCutOff(RawConnection raw, String ask) {
        try {
            while (true) {
                raw.send(ask);
            }
        } catch (IOException _) {
            // Cut off.
        }
    }

    @Test
    void a_member_has_so_many_requests_under_way_and_the_next_is_refused_with_the_number()
            throws Exception {
        try (Stage stage =
                new Stage(folder, Stage.charter(1), IMPATIENT).withMembers("ada", "bela")) {
            TestMember ada = stage.member(0);
            long version = ada.round().version();
            List<RawConnection> polls = new ArrayList<>();
            try {
                // One is the client's own, idle by now: it gives way.
                for (int i = 0; i < IMPATIENT.perMember(); i++) {
                    RawConnection raw =
                            new RawConnection(stage.coordinator.address(), ada.identity.client());
                    raw.send("GET /v1/round?after=" + version + "&wait=60" + HEAD + "\r\n");
                    polls.add(raw);
                }
                // Each try on a new connection: the polls may still be on their way to the gate.
                await().until(() -> refused(stage, ada));
                stage.member(1).client.get("/v1/round").as(200, RoundView.class);
                stage.run(1, MergeRule.fedAvg());
                for (RawConnection poll : polls) {
                    assertThat(poll.reply().status()).isEqualTo(200);
                }
                ada.reconnect(stage.coordinator.address());
                ada.client.get("/v1/round").as(200, RoundView.class);
            } finally {
                polls.forEach(RawConnection::close);
            }
        }
    }

    private static boolean refused(Stage stage, TestMember member) throws IOException {
        try (RawConnection more =
                new RawConnection(stage.coordinator.address(), member.identity.client())) {
            more.send("GET /v1/consortium" + HEAD + "\r\n");
            RawConnection.Reply reply = more.reply();
            if (reply.status() == 429) {
                assertThat(reply.code()).isEqualTo("TOO_MANY_CONNECTIONS");
                assertThat(reply.body()).contains("ada has 8 requests under way");
            }
            return reply.status() == 429;
        }
    }

    private static void served(Stage stage) {
        stage.member(0).reconnect(stage.coordinator.address());
        stage.member(0).client.get("/v1/round").as(200, RoundView.class);
    }
}
