package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.protocol.EnrolmentReply;
import dev.tapestry.consortium.protocol.EnrolmentRequest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.trust.enrolment.EnrolmentToken;
import dev.tapestry.trust.signature.SigningKey;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** More connections, and more tries, than anybody needs. */
class FloodTest {

    private static final int CONNECTIONS = 10_000;
    private static final int OTHER_FILES = 1_000;
    private static final int HANDSHAKES = 300;
    private static final int TRIES = 1_000;

    /** What the coordinator may keep for connections that were only opened. */
    private static final long MOST_BYTES = 64L << 20;

    @TempDir Path folder;

    /**
     * Both ends are files of this process, whose soft limit Java itself raises to the hard one.
     * Where that is too low for ten thousand, as many as it bears are tried, and the test says that
     * it has not shown what its name says.
     */
    @Test
    void ten_thousand_connections_that_only_stand_there_keep_no_member_out() throws IOException {
        List<SocketChannel> crowd = new ArrayList<>();
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            long before = usedAfterCollection();
            int wanted = affordable();
            for (int i = 0; i < wanted; i++) {
                crowd.add(opened(stage.coordinator.address()));
                if (i % 1000 == 0) {
                    served(stage);
                }
            }
            assertThat(crowd).hasSize(wanted);
            served(stage);
            System.out.printf(
                    "%,d connections that only stood there; %,d of them are still open%n",
                    crowd.size(), stage.coordinator.connections());
            assertThat(stage.coordinator.connections())
                    .isLessThanOrEqualTo(Doorkeeper.Limits.USUAL.strangers() + 10);
            assertThat(usedAfterCollection() - before).isLessThan(MOST_BYTES);
            // Those that had to go were told so by the connection's end.
            int most = crowd.size() - Doorkeeper.Limits.USUAL.strangers() - 10;
            await().until(() -> closed(crowd) >= most);
            demandAll(wanted);
        } finally {
            for (SocketChannel one : crowd) {
                one.close();
            }
        }
    }

    /** As many as the limit of open files bears, beside the coordinator's ends that it keeps. */
    private static int affordable() {
        var system =
                ManagementFactory.getPlatformMXBean(
                        com.sun.management.UnixOperatingSystemMXBean.class);
        long strangers = Doorkeeper.Limits.USUAL.strangers();
        long left =
                system.getMaxFileDescriptorCount()
                        - system.getOpenFileDescriptorCount()
                        - strangers
                        - OTHER_FILES;
        return (int) Math.min(CONNECTIONS, left);
    }

    private static void demandAll(int tried) {
        String why =
                "NOT SHOWN with 10,000 connections but with %,d: the limit of open files (ulimit -Hn) is too low"
                        .formatted(tried);
        if (tried < CONNECTIONS) {
            System.err.println(why);
        }
        assumeThat(tried).as(why).isEqualTo(CONNECTIONS);
    }

    private static SocketChannel opened(URI address) throws IOException {
        SocketChannel channel =
                SocketChannel.open(new InetSocketAddress(address.getHost(), address.getPort()));
        channel.configureBlocking(false);
        return channel;
    }

    private static long closed(List<SocketChannel> crowd) {
        return crowd.stream().filter(FloodTest::isClosed).count();
    }

    private static boolean isClosed(SocketChannel channel) {
        try {
            return channel.read(ByteBuffer.allocate(1)) < 0;
        } catch (IOException e) {
            return true; // reset
        }
    }

    /** The least of several: one collection leaves what others in this process still drop. */
    private static long usedAfterCollection() {
        return IntStream.range(0, 5).mapToLong(_ -> usedAfterOneCollection()).min().orElseThrow();
    }

    private static long usedAfterOneCollection() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    @Test
    void strangers_that_finish_their_handshakes_and_then_say_nothing_keep_no_member_out()
            throws IOException {
        List<RawConnection> crowd = new ArrayList<>();
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            long before = usedAfterCollection();
            for (int i = 0; i < HANDSHAKES; i++) {
                crowd.add(new RawConnection(stage.coordinator.address(), stage.stranger()));
                if (i % 100 == 0) {
                    served(stage);
                }
            }
            served(stage);
            assertThat(stage.coordinator.connections())
                    .isLessThanOrEqualTo(Doorkeeper.Limits.USUAL.strangers() + 10);
            assertThat(usedAfterCollection() - before).isLessThan(2 * MOST_BYTES);
            // The oldest went first.
            assertThat(crowd.getFirst().ends()).isTrue();
        } finally {
            crowd.forEach(RawConnection::close);
        }
    }

    @Test
    void a_flood_of_enrolments_with_guessed_secrets_leaves_no_trace_and_the_token_still_works() {
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            EnrolmentToken token = EnrolmentToken.parse(stage.token("bela"));
            EnrolmentRequest sound =
                    TestMember.request(token, folder.resolve("bela"), SigningKey.generate());
            long size = stage.coordinator.ledger().log().size();
            SecureRandom random = new SecureRandom();
            try (TestClient guesser =
                    new TestClient(stage.coordinator.address(), stage.stranger())) {
                for (int i = 0; i < TRIES; i++) {
                    EnrolmentRequest guess =
                            new EnrolmentRequest(
                                    token.member(),
                                    EnrolmentToken.Secret.random(random).value(),
                                    sound.certificateRequest(),
                                    sound.signingKey());
                    assertThat(guesser.post("/v1/enrolments", guess).code())
                            .isEqualTo("TOKEN_UNKNOWN");
                }
                served(stage);
                assertThat(stage.coordinator.ledger().log().size()).isEqualTo(size);
                assertThat(folder.resolve("coordinator/enrolments").toFile().list()).hasSize(1);
                guesser.post("/v1/enrolments", sound).as(201, EnrolmentReply.class);
            }
        }
    }

    private static void served(Stage stage) {
        stage.member(0).reconnect(stage.coordinator.address());
        stage.member(0).client.get("/v1/round").as(200, RoundView.class);
    }
}
