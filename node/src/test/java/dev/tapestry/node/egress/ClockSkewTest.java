package dev.tapestry.node.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsExchange;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.StatusView;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeLog;
import dev.tapestry.trust.certificate.ClockSkew;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real handshakes by certificates that were issued under other clocks than this machine's. */
@Timeout(120)
class ClockSkewTest {

    private static final Duration NINE_DAYS = Duration.ofDays(9);
    private static final MemberId MEMBER = new MemberId("kyoto");

    @TempDir Path directory;
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private Duration coordinatorAhead = Duration.ZERO;

    /** A coordinator whose certificate, of one day, was issued so long after now. */
    private SmallServer server(Duration issued) throws IOException {
        return SmallServer.issued(directory, this::answer, Instant.now().plus(issued));
    }

    private void answer(HttpExchange exchange) throws IOException {
        asked.add(exchange.getRequestURI() + " of " + who((HttpsExchange) exchange));
        byte[] body =
                CanonicalJson.write(
                        new StatusView(1, List.of(1), Instant.now().plus(coordinatorAhead)));
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private static String who(HttpsExchange exchange) {
        try {
            return exchange.getSSLSession().getPeerPrincipal().getName();
        } catch (SSLPeerUnverifiedException _) {
            return "nobody";
        }
    }

    private NodeException refused(SmallServer server, TlsIdentity identity) {
        try (NodeLog log = NodeLog.open(directory.resolve("log.db"), MEMBER);
                EgressGate gate =
                        EgressGate.to(
                                server.address(),
                                Optional.empty(),
                                identity,
                                Optional.empty(),
                                new ReceiptBook(log, InstantSource.system()),
                                RetryPolicy.standard(new SecureRandom()),
                                outage -> {})) {
            return refused(gate);
        }
    }

    private static NodeException refused(EgressGate gate) {
        return catchThrowableOfType(
                NodeException.class,
                () ->
                        gate.once(
                                Message.ask(MessageKind.CONSORTIUM, "/v1/consortium"),
                                new ReplySink.Memory()));
    }

    private void assertSkew(NodeException refusal, String... words) {
        assertThat(refusal.code()).isEqualTo(Code.CLOCK_SKEW);
        assertThat(refusal).hasMessageContainingAll(words);
        assertThat(asked)
                .as("only the time is asked for, by nobody, and what was to be sent is not")
                .containsExactly("/v1/status of nobody");
    }

    @Test
    void a_clock_that_is_ahead_does_not_make_the_coordinators_certificate_end() throws IOException {
        coordinatorAhead = Duration.ofHours(12).minus(NINE_DAYS);
        try (SmallServer server = server(NINE_DAYS.negated())) {
            assertSkew(
                    refused(server, server.member(Instant.now().minus(NINE_DAYS))),
                    "8 days 12 hours ahead of the coordinator's",
                    "EXPIRED",
                    "NTP");
        }
    }

    @Test
    void a_certificate_that_has_ended_by_both_clocks_has_ended() throws IOException {
        try (SmallServer server = server(NINE_DAYS.negated())) {
            NodeException refusal = refused(server, server.member(Instant.now()));
            assertThat(refusal.code()).isEqualTo(Code.TLS);
            assertThat(refusal).hasMessageContaining("EXPIRED");
        }
    }

    @Test
    void a_clock_that_is_behind_is_told_by_how_much() throws IOException {
        coordinatorAhead = NINE_DAYS.plusHours(1);
        try (SmallServer server = server(NINE_DAYS)) {
            assertSkew(
                    refused(server, server.member(Instant.now().plus(NINE_DAYS))),
                    "9 days 0 hours behind the coordinator's",
                    "NOT_YET_VALID");
        }
    }

    /** The coordinator refuses, and its alert does not say why, or is lost. */
    @RepeatedTest(5)
    void a_certificate_of_ones_own_that_one_clock_only_ends_is_a_matter_of_clocks()
            throws IOException {
        coordinatorAhead = NINE_DAYS.negated();
        try (SmallServer server =
                SmallServer.issued(
                        directory,
                        this::answer,
                        Instant.now().minus(NINE_DAYS),
                        Duration.ofDays(99))) {
            assertSkew(
                    refused(server, server.member(Instant.now().minus(NINE_DAYS))),
                    "9 days 0 hours ahead of the coordinator's");
        }
    }

    @Test
    void who_comes_for_the_first_time_is_told_too() throws IOException {
        coordinatorAhead = Duration.ofHours(12).minus(NINE_DAYS);
        try (SmallServer server = server(NINE_DAYS.negated());
                NodeLog log = NodeLog.open(directory.resolve("log.db"), MEMBER);
                EgressGate gate =
                        EgressGate.to(
                                server.address(),
                                Optional.empty(),
                                server.authority(),
                                new ReceiptBook(log, InstantSource.system()),
                                RetryPolicy.standard(new SecureRandom()),
                                outage -> {})) {
            assertSkew(refused(gate), "ahead of the coordinator's");
        }
    }

    @Test
    void clocks_are_compared_with_every_answer_and_a_difference_is_said_once() {
        Instant now = Instant.parse("2026-11-27T12:00:00Z");
        AtomicReference<Instant> here = new AtomicReference<>(now.plusSeconds(3600));
        List<ClockSkew> said = new ArrayList<>();
        ClockWatch watch = new ClockWatch(here::get, said::add);
        String date = "Fri, 27 Nov 2026 12:00:00 GMT";
        watch.answered(here.get(), date);
        watch.answered(here.get(), date);
        watch.answered(here.get(), "soon");
        assertThat(said).containsExactly(new ClockSkew(Duration.ofHours(1)));
        assertThat(watch.there()).isEqualTo(now);

        here.set(now);
        watch.answered(now, date);
        here.set(now.minusSeconds(7200));
        watch.answered(here.get(), date);
        assertThat(said).last().isEqualTo(new ClockSkew(Duration.ofHours(-2)));
        assertThat(said).hasSize(2);
    }

    @Test
    void an_answer_for_which_a_machine_has_slept_says_nothing_of_clocks() {
        Instant asked = Instant.parse("2026-11-27T08:00:00Z");
        List<ClockSkew> said = new ArrayList<>();
        new ClockWatch(() -> Instant.parse("2026-11-27T18:00:00Z"), said::add)
                .answered(asked, "Fri, 27 Nov 2026 08:00:50 GMT");
        assertThat(said).isEmpty();
    }
}
