package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.FaultyExchange.Fault;
import dev.tapestry.node.FaultyExchange.Faults;
import dev.tapestry.node.NodeEvent.Decision;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.box.DropBox;
import dev.tapestry.node.round.NodeAgent.Until;
import dev.tapestry.trust.certificate.Certificates;
import dev.tapestry.trust.certificate.TlsIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node whose certificate has less than half of its day left, over real TLS. */
class CertificateKeeperTest {

    @TempDir Path directory;
    private Stage stage;

    @BeforeEach
    void setUp() throws IOException {
        stage = new Stage(directory);
        stage.coordinator.age = Duration.ofHours(20);
        stage.joined();
        stage.coordinator.age = Duration.ZERO;
    }

    @AfterEach
    void tearDown() {
        stage.close();
    }

    private Digest certificate() {
        return Certificates.fingerprint(TlsIdentity.open(stage.home.identity()).certificate());
    }

    /** Asks for something over the gate, which shows what the node shows. */
    private Digest shownNow(Node node) {
        stage.coordinator.changed();
        assertThat(node.coordinator().round(0, Duration.ZERO).version()).isPositive();
        return stage.coordinator.shown.getLast();
    }

    private long asked() {
        return stage.coordinator.count("POST", "/v1/certificate");
    }

    private List<String> ends() {
        return stage.updates.stream()
                .filter(NodeUpdate.CertificateEnds.class::isInstance)
                .map(update -> ((NodeUpdate.CertificateEnds) update).next())
                .toList();
    }

    private static Faults once(Fault fault, String method, String path) {
        AtomicBoolean done = new AtomicBoolean();
        return (m, p) ->
                m.equals(method) && p.equals(path) && done.compareAndSet(false, true)
                        ? fault
                        : Fault.NONE;
    }

    @Test
    void a_running_node_renews_its_certificate_with_a_new_key_and_shows_it_at_once()
            throws IOException {
        Digest first = certificate();
        byte[] key = Files.readAllBytes(stage.home.identity().resolve("key.pem"));
        try (Node node = stage.node()) {
            assertThat(shownNow(node)).isEqualTo(first);
            node.keeper().look();
            Digest next = certificate();
            assertThat(next).isNotEqualTo(first);
            assertThat(shownNow(node)).isEqualTo(next);
            node.keeper().look();
            assertThat(asked()).isEqualTo(1);
        }
        assertThat(Files.readAllBytes(stage.home.identity().resolve("key.pem"))).isNotEqualTo(key);
        assertThat(stage.updates)
                .filteredOn(NodeUpdate.CertificateRenewed.class::isInstance)
                .hasSize(1);
        assertThat(stage.events())
                .anyMatch(event ->
                        event instanceof Decision decision
                                && decision.verdict() == Verdict.RENEWED);
        try (Node again = stage.node()) {
            assertThat(shownNow(again)).isEqualTo(certificate());
        }
    }

    @Test
    void a_node_at_work_needs_nobody_to_renew_it() {
        Digest first = certificate();
        try (Node node = stage.node()) {
            assertThat(node.agent()).isNotNull();
            await().untilAsserted(() -> assertThat(certificate()).isNotEqualTo(first));
        }
    }

    @Test
    void a_gateway_that_is_used_by_hand_renews_its_certificate_when_it_is_used() {
        Digest first = certificate();
        try (Node node = stage.node()) {
            node.gateway(new DropBox(directory.resolve("box"))).fetch();
        }
        assertThat(certificate()).isNotEqualTo(first);
    }

    @Test
    void a_member_renewed_in_the_middle_of_a_round_loses_nothing_of_it() throws IOException {
        Digest base = stage.coordinator.adopt(stage.base("base", 1));
        stage.coordinator.announce(Stage.plan(1, base), 1);
        stage.coordinator.refusesRenewal = true; // or it would be renewed before the round
        try (Node node = stage.node()) {
            AtomicInteger renewals = new AtomicInteger();
            stage.watch(update -> {
                if (update instanceof NodeUpdate.Stepped step && step.step() == 2) {
                    stage.coordinator.refusesRenewal = false;
                    node.keeper().look();
                    renewals.incrementAndGet();
                }
            });
            node.agent().run(Until.noRun());
            assertThat(renewals).hasValue(1);
        }
        assertThat(stage.coordinator.contributions).hasSize(1);
        assertThat(stage.coordinator.scores).hasSize(1);
        assertThat(new HashSet<>(stage.coordinator.shown)).hasSize(2);
        assertThat(stage.updates)
                .noneMatch(NodeUpdate.Declined.class::isInstance)
                .noneMatch(NodeUpdate.Hindered.class::isInstance);
    }

    @Test
    void an_answer_that_was_lost_is_asked_for_again_with_the_same_key() {
        Digest first = certificate();
        stage.coordinator.faults = once(Fault.CUT, "POST", "/v1/certificate");
        try (Node node = stage.node()) {
            node.keeper().look();
            assertThat(certificate()).isEqualTo(first);
            assertThat(shownNow(node)).isEqualTo(first);
            assertThat(ends()).anyMatch(next -> next.contains("tries again by itself"));
            node.keeper().look();
            assertThat(certificate()).isNotEqualTo(first);
        }
        assertThat(stage.coordinator.certificateRequests).hasSize(2);
        assertThat(new HashSet<>(stage.coordinator.certificateRequests)).hasSize(1);
    }

    @Test
    void a_disk_that_does_not_read_for_a_while_ends_no_renewing() throws IOException {
        Digest first = certificate();
        Path authority = stage.home.identity().resolve("ca.pem");
        Path aside = directory.resolve("aside");
        try (Node node = stage.node()) {
            Files.move(authority, aside);
            Files.createDirectory(authority); // is there, and cannot be read
            node.keeper().look();
            Files.delete(authority);
            Files.move(aside, authority);
            assertThat(certificate()).isEqualTo(first);
            node.keeper().look();
            assertThat(certificate()).isNotEqualTo(first);
        }
    }

    @Test
    void a_node_that_is_closed_does_not_wait_for_a_renewal_that_hangs() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        stage.coordinator.faults =
                (method, path) -> {
                    if (path.equals("/v1/certificate")) {
                        asked.countDown();
                        try {
                            assertThat(closed.await(60, TimeUnit.SECONDS)).isTrue();
                        } catch (InterruptedException e) {
                            throw new AssertionError(e);
                        }
                    }
                    return Fault.NONE;
                };
        Node node = stage.node();
        assertThat(node.agent()).isNotNull();
        assertThat(asked.await(60, TimeUnit.SECONDS)).isTrue();
        try {
            // The coordinator answers only afterwards.
            CompletableFuture.runAsync(node::close).get(50, TimeUnit.SECONDS);
        } finally {
            closed.countDown();
        }
    }

    @Test
    void killed_after_the_answer_was_kept_it_goes_on_with_it() {
        Digest first = certificate();
        stage.coordinator.away = "/v1/consortium";
        try (Node node = stage.node()) {
            node.keeper().look();
            stage.coordinator.away = "";
        }
        assertThat(certificate()).isEqualTo(first);
        try (Node again = stage.node()) {
            again.keeper().look();
            assertThat(certificate()).isNotEqualTo(first);
            assertThat(shownNow(again)).isEqualTo(certificate());
        }
        assertThat(asked()).isEqualTo(1);
    }

    /** The coordinator counts the new one already, and the node does not know it. */
    @Test
    void killed_after_the_first_use_it_takes_being_replaced_for_no_refusal() {
        Digest first = certificate();
        stage.coordinator.faults = once(Fault.CUT, "GET", "/v1/consortium");
        try (Node node = stage.node()) {
            node.keeper().look();
        }
        assertThat(certificate()).isEqualTo(first);
        try (Node again = stage.node()) {
            AtomicInteger outages = new AtomicInteger();
            stage.watch(update -> {
                if (update instanceof NodeUpdate.Unreachable && outages.incrementAndGet() == 3) {
                    again.keeper().look();
                }
            });
            Digest shown = shownNow(again);
            assertThat(outages).hasValueGreaterThanOrEqualTo(3);
            assertThat(certificate()).isNotEqualTo(first).isEqualTo(shown);
        }
        assertThat(asked()).isEqualTo(1);
    }

    @Test
    void a_coordinator_that_knows_nothing_of_its_offer_is_asked_anew_with_another_key() {
        Digest first = certificate();
        stage.coordinator.away = "/v1/consortium";
        try (Node node = stage.node()) {
            node.keeper().look();
            stage.coordinator.away = "";
            stage.coordinator.forgetOffer();
            node.keeper().look();
            assertThat(certificate()).isEqualTo(first);
            assertThat(shownNow(node)).isEqualTo(first);
            node.keeper().look();
            assertThat(certificate()).isNotEqualTo(first);
        }
        assertThat(new HashSet<>(stage.coordinator.certificateRequests)).hasSize(2);
    }

    @Test
    void an_enrolment_with_a_new_token_makes_what_was_offered_before_it_void() {
        stage.coordinator.away = "/v1/consortium";
        try (Node node = stage.node()) {
            node.keeper().look();
            stage.coordinator.away = "";
        }
        assertThat(stage.home.identity().resolve("renewal")).isDirectory();
        stage.enrolment().join(stage.home, stage.coordinator.invite().text());
        assertThat(stage.home.identity().resolve("renewal")).doesNotExist();
        try (Node again = stage.node()) {
            assertThat(shownNow(again)).isEqualTo(certificate());
        }
    }

    @Test
    void a_refused_renewal_is_told_once_a_day_and_the_node_works_on() {
        stage.coordinator.refusesRenewal = true;
        try (Node node = stage.node()) {
            node.keeper().look();
            node.keeper().look();
            assertThat(ends())
                    .singleElement()
                    .satisfies(next -> assertThat(next).contains("RENEWAL_NOT_DUE"));
            assertThat(shownNow(node)).isEqualTo(certificate());
        }
    }

    /** A node whose clock is two days ahead, and its certificate of one day. */
    private Node twoDaysAhead() {
        return Node.open(
                stage.home,
                stage.config(),
                stage.updates::add,
                () -> Instant.now().plus(Duration.ofDays(2)),
                Stage.impatient());
    }

    @Test
    void a_certificate_that_has_ended_is_not_renewed_but_told_with_the_next_step() {
        stage.coordinator.close(); // nobody says that it is the clock
        try (Node node = twoDaysAhead()) {
            node.keeper().look();
        }
        assertThat(asked()).isZero();
        assertThat(ends())
                .singleElement()
                .satisfies(next -> assertThat(next).contains("new token", "in this directory"));
    }

    @Test
    void a_clock_that_is_ahead_ends_no_certificate_and_is_told_once() {
        try (Node node = twoDaysAhead()) {
            node.keeper().look();
            node.keeper().look();
        }
        assertThat(asked()).as("it is renewed, as it is due by the coordinator's clock").isOne();
        assertThat(ends()).noneMatch(next -> next.contains("new token"));
        assertThat(stage.updates)
                .filteredOn(NodeUpdate.ClockDiffers.class::isInstance)
                .singleElement()
                .satisfies(differs ->
                        assertThat(((NodeUpdate.ClockDiffers) differs).ahead())
                                .isCloseTo(Duration.ofDays(2), Duration.ofMinutes(2)));
    }
}
