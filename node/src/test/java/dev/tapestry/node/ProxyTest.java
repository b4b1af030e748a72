package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.HealthFinding.Severity;
import dev.tapestry.node.NodeEvent.Receipt;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.egress.HttpProxy;
import dev.tapestry.node.round.NodeAgent.Until;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A node whose site has one way out: a proxy. */
class ProxyTest {

    /** Where nobody listens; of the kernel's own choice it could be somebody's a moment later. */
    private static final int CLOSED_PORT = 1;

    private static final String PASSWORD = "hunter:2 ä";

    @TempDir Path directory;
    private Stage stage;
    private ConnectProxy proxy;

    @BeforeEach
    void setUp() throws IOException {
        stage = new Stage(directory);
        proxy = new ConnectProxy();
    }

    @AfterEach
    void tearDown() throws IOException {
        proxy.close();
        stage.close();
    }

    private Optional<HttpProxy> way() {
        return Optional.of(HttpProxy.of(proxy.address(), Optional.empty()));
    }

    private Optional<HttpProxy> wayWithLogin() throws IOException {
        Path file = directory.resolve("proxy.pw");
        Files.writeString(file, PASSWORD + "\n");
        return Optional.of(
                HttpProxy.of(proxy.address(), Optional.of(new HttpProxy.Login("helsinki", file))));
    }

    private void joinThrough(Optional<HttpProxy> way) {
        stage.enrolment(way).join(stage.home, stage.coordinator.invite().text());
        stage.config().withProxy(way).write(stage.home);
    }

    private void announce() throws IOException {
        Digest base = stage.coordinator.adopt(stage.base("base", 1));
        stage.coordinator.announce(Stage.plan(1, base), 1);
    }

    private List<Receipt> receipts() {
        return stage.events().stream()
                .filter(Receipt.class::isInstance)
                .map(Receipt.class::cast)
                .toList();
    }

    @Test
    void a_node_joins_and_takes_part_through_a_proxy_and_its_receipts_add_up_to_the_sockets()
            throws IOException {
        proxy.login = Optional.of("helsinki:" + PASSWORD);
        joinThrough(wayWithLogin());
        announce();
        try (Node node = stage.node(NodeConfig.read(stage.home))) {
            node.agent().run(Until.noRun());
        }
        assertThat(stage.coordinator.scores).hasSize(1);
        assertThat(proxy.wishes)
                .isNotEmpty()
                .allMatch(line ->
                        line.equals(
                                "CONNECT %s HTTP/1.1"
                                        .formatted(stage.coordinator.address().getAuthority())));
        assertThat(stage.coordinator.peers)
                .as("nobody came but through the proxy")
                .isNotEmpty()
                .isSubsetOf(proxy.ways);
        long bodies = receipts().stream().mapToLong(Receipt::bytesSent).sum();
        assertThat(bodies).isEqualTo(stage.coordinator.bodyBytes());
        long arrived = receipts().stream().mapToLong(Receipt::bytesReceived).sum();
        // What the socket carried beside bodies: handshakes, heads, and TLS' share of each record.
        long exchanges = (long) receipts().size() + proxy.wishes.size();
        assertThat(proxy.up.get()).isBetween(bodies, bodies + bodies / 50 + exchanges * 8192);
        assertThat(proxy.down.get()).isBetween(arrived, arrived + arrived / 50 + exchanges * 8192);
    }

    @Test
    void a_certificate_is_renewed_and_shown_for_the_first_time_through_the_proxy() {
        stage.coordinator.age = Duration.ofHours(20);
        joinThrough(way());
        try (Node node = stage.node(NodeConfig.read(stage.home))) {
            node.keeper().look();
            stage.coordinator.changed();
            assertThat(node.coordinator().round(0, Duration.ZERO).version()).isPositive();
        }
        assertThat(stage.updates).anyMatch(NodeUpdate.CertificateRenewed.class::isInstance);
        assertThat(stage.coordinator.peers).isNotEmpty().isSubsetOf(proxy.ways);
    }

    @Test
    void tunnels_that_are_cut_in_the_middle_of_a_body_are_opened_again_and_nothing_is_lost()
            throws IOException {
        joinThrough(way());
        announce();
        proxy.cutAfter.set(6_000); // beyond a handshake, within a part
        try (Node node = stage.node(NodeConfig.read(stage.home))) {
            node.agent().run(Until.noRun());
        }
        assertThat(proxy.cuts.get()).isPositive();
        assertThat(stage.coordinator.scores).hasSize(1);
        assertThat(receipts()).anyMatch(receipt -> receipt.outcome().startsWith("interrupted"));
        assertThat(receipts().stream().mapToLong(Receipt::bytesSent).sum())
                .as("of what was cut off, no less than what arrived is in the receipts")
                .isGreaterThanOrEqualTo(stage.coordinator.bodyBytes());
    }

    @Test
    void a_proxy_that_takes_no_password_hinders_a_node_until_the_file_is_mended()
            throws IOException {
        proxy.login = Optional.of("helsinki:" + PASSWORD);
        joinThrough(wayWithLogin());
        announce();
        Path file = directory.resolve("proxy.pw");
        Files.writeString(file, "last year's");
        stage.watch(update -> {
            if (update instanceof NodeUpdate.Hindered) {
                write(file, PASSWORD);
            }
        });
        try (Node node = stage.node(NodeConfig.read(stage.home))) {
            node.agent().run(Until.noRun());
        }
        assertThat(stage.updates)
                .filteredOn(NodeUpdate.Hindered.class::isInstance)
                .first()
                .satisfies(update -> {
                    NodeUpdate.Hindered hindered = (NodeUpdate.Hindered) update;
                    assertThat(hindered.code()).isEqualTo("PROXY_CREDENTIALS");
                    assertThat(hindered.reason())
                            .contains("'helsinki'", "Basic realm")
                            .doesNotContain("last year's");
                });
        assertThat(stage.coordinator.scores).hasSize(1);
    }

    @Test
    void a_proxy_that_lets_nobody_through_hinders_a_node_until_it_does() throws IOException {
        joinThrough(way());
        announce();
        proxy.answer = Optional.of("HTTP/1.1 403 Forbidden\r\nContent-Length: 0");
        stage.watch(update -> {
            if (update instanceof NodeUpdate.Hindered) {
                proxy.answer = Optional.of("HTTP/1.1 503 Service Unavailable");
            } else if (update instanceof NodeUpdate.Unreachable) {
                proxy.answer = Optional.empty();
            }
        });
        int before = receipts().size();
        try (Node node = stage.node(NodeConfig.read(stage.home))) {
            node.agent().run(Until.noRun());
        }
        assertThat(stage.updates)
                .filteredOn(NodeUpdate.Hindered.class::isInstance)
                .extracting(update -> ((NodeUpdate.Hindered) update).code())
                .containsOnly("PROXY_REFUSED");
        assertThat(stage.updates)
                .filteredOn(NodeUpdate.Unreachable.class::isInstance)
                .extracting(update -> ((NodeUpdate.Unreachable) update).reason())
                .allMatch(reason -> reason.contains("gets no way to"));
        assertThat(receipts().subList(before, receipts().size()))
                .as("what the proxy answers is not the coordinator's word")
                .allMatch(receipt -> receipt.outcome().equals("200"));
        assertThat(stage.coordinator.scores).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "HTTP/1.1 407 Who are you | PROXY_CREDENTIALS | asks for a user and a password",
                "HTTP/1.1 403 Forbidden | PROXY_REFUSED | does not let this node through",
                "HTTP/1.1 302 Found | PROXY_REFUSED | 302 Found",
                "SSH-2.0-OpenSSH_9.9 | PROXY_REFUSED | is no HTTP proxy"
            })
    void joining_through_a_proxy_that_refuses_ends_at_once_and_says_who_refused(
            String answer, Code code, String words) {
        proxy.answer = Optional.of(answer);
        assertThatThrownBy(() -> joinThrough(way()))
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(proxy.address())
                .hasMessageContaining(words);
        assertThat(receipts()).isEmpty();
    }

    @Test
    void a_proxy_that_opens_tls_is_told_from_a_wrong_address() throws IOException {
        joinThrough(way());
        // Its own authority's certificate, for the right address: what an inspecting proxy shows.
        try (CoordinatorDouble inspector = new CoordinatorDouble(directory.resolve("inspector"))) {
            proxy.detour =
                    Optional.of(
                            new InetSocketAddress(
                                    InetAddress.getLoopbackAddress(),
                                    inspector.address().getPort()));
            assertThat(broken())
                    .singleElement()
                    .satisfies(finding -> {
                        assertThat(finding.subject()).isEqualTo("coordinator");
                        assertThat(finding.what())
                                .contains("WRONG_AUTHORITY", proxy.address(), "opens TLS");
                        assertThat(finding.advice()).contains("unopened");
                    });
            assertThat(inspector.requests).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "HTTP/1.1 407 Who are you | proxy-user and proxy-password-file",
                "HTTP/1.1 403 Forbidden | CONNECT",
                "HTTP/1.1 502 Bad Gateway | whether the proxy can reach it",
            })
    void the_doctor_tells_what_the_proxy_said(String answer, String advice) {
        joinThrough(way());
        proxy.answer = Optional.of(answer);
        assertThat(broken())
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.subject()).isEqualTo("proxy");
                    assertThat(finding.what()).contains(proxy.address(), answer.substring(9));
                    assertThat(finding.advice()).contains(advice);
                });
    }

    @Test
    void the_doctor_tells_a_proxy_that_is_away_from_a_coordinator_that_is_away()
            throws IOException {
        joinThrough(way());
        assertThat(Doctor.examine(stage.home, InstantSource.system(), Optional.empty()))
                .anyMatch(finding ->
                        finding.subject().equals("proxy") && finding.severity() == Severity.GOOD);
        stage.config()
                .withProxy(
                        Optional.of(
                                HttpProxy.of("http://127.0.0.1:" + CLOSED_PORT, Optional.empty())))
                .write(stage.home);
        assertThat(broken())
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.subject()).isEqualTo("proxy");
                    assertThat(finding.what()).contains("no connection to the proxy");
                });
    }

    @Test
    void what_the_environment_names_is_mentioned_and_not_used() {
        joinThrough(Optional.empty());
        assertThat(
                        HttpProxy.inEnvironment(
                                Map.of("https_proxy", proxy.address(), "no_proxy", "localhost")))
                .contains("https_proxy");
        assertThat(Doctor.examine(stage.home, InstantSource.system(), Optional.of("https_proxy")))
                .filteredOn(finding -> finding.subject().equals("proxy"))
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.severity()).isEqualTo(Severity.WORTH_A_LOOK);
                    assertThat(finding.what()).contains("https_proxy");
                });
        assertThat(proxy.wishes).isEmpty();
    }

    private List<HealthFinding> broken() {
        return Doctor.examine(stage.home, InstantSource.system(), Optional.empty()).stream()
                .filter(finding -> finding.severity() == Severity.BROKEN)
                .toList();
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
