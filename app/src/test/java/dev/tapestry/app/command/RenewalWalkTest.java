package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent.CertificateRenewed;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real coordinator and a real node, over certificates that were issued long ago. */
final class RenewalWalkTest {

    @TempDir Path directory;

    private Path consortium() {
        return directory.resolve("consortium");
    }

    private Coordinator coordinator(int daysAgo) {
        return Coordinator.assemble(
                CoordinatorConfig.read(consortium()),
                () -> Instant.now().minus(Duration.ofDays(daysAgo)));
    }

    private void join(String member, Path corpus) {
        String token = Said.ok("member", "invite", consortium(), member).strip();
        Said.ok(
                "node",
                "join",
                directory.resolve(member),
                token,
                "--corpus",
                corpus,
                "--threads",
                "1");
    }

    private Digest certificate(String member) {
        Consortium state = new ConsortiumFiles(consortium()).state();
        return state.members().values().stream()
                .filter(known -> known.id().equals(new MemberId(member)))
                .findFirst()
                .orElseThrow()
                .certificate();
    }

    @Test
    void a_node_renews_during_a_run_nobody_else_is_touched_and_the_log_verifies()
            throws IOException {
        Path corpus =
                Tiny.corpus(
                        directory.resolve("corpus"), "contributed-cpt, private-cpt, evaluation");
        Said.found(consortium(), Tiny.charter(directory.resolve("charter.yaml"), "PT24H"));
        Said.ok("consortium", "adopt", consortium(), Tiny.model(directory.resolve("model")));
        try (Coordinator then = coordinator(810)) {
            then.start();
            join("alpha", corpus);
        }
        try (Coordinator then = coordinator(600)) {
            then.start();
            join("gone", corpus);
        }
        Digest first = certificate("alpha");
        assertThat(Said.ok("consortium", "show", consortium()))
                .contains("look", "member/alpha ends at")
                .contains("its node renews it by itself")
                .doesNotContain("member/gone");

        try (Coordinator now = coordinator(0)) {
            now.start();
            assertThat(Said.ok("doctor", directory.resolve("alpha")))
                    .contains("look    certificate  of alpha, valid for 14 days more")
                    .contains("renews it by itself");
            Said.ok("member", "revoke", consortium(), "gone", "--reason", "it never came");
            join("beta", corpus);
            Digest beta = certificate("beta");
            Said.ok("run", "start", consortium(), Tiny.plan(directory.resolve("plan.yaml")));
            assertThat(Said.ok("run", "status", consortium())).contains("member/alpha ends at");
            assertThat(Said.ok("run", "status", consortium(), "--json"))
                    .contains("\"holder\":\"member/alpha\"");
            Said.ok("member", "revoke", consortium(), "beta", "--reason", "one is enough");
            assertThat(Said.ok("node", "start", directory.resolve("alpha"), "--until-run-ends"))
                    .contains("this node's certificate was renewed, with a new key")
                    .contains("proven by the coordinator's log");
            assertThat(certificate("alpha")).isNotEqualTo(first);
            assertThat(certificate("beta")).isEqualTo(beta);
            assertThat(Said.ok("run", "status", consortium())).doesNotContain("member/alpha ends");
            assertThat(Said.ok("doctor", directory.resolve("alpha")))
                    .contains("renewed by itself from", "admits alpha");
        }
        assertThat(new ConsortiumFiles(consortium()).events())
                .filteredOn(CertificateRenewed.class::isInstance)
                .hasSize(1);
        assertThat(Said.ok("verify", "log", consortium(), "--witness", directory.resolve("alpha")))
                .contains("whole");
        assertThat(Said.ok("verify", "log", directory.resolve("alpha"))).contains("whole");
        assertThat(Said.ok("node", "receipts", directory.resolve("alpha"))).contains("CERTIFICATE");
    }
}
