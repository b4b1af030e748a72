package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.SigningKeyReplaced;
import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import dev.tapestry.node.NodeHome;
import dev.tapestry.trust.signature.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node takes part with one key, then with another. */
final class KeyRotationWalkTest {

    @TempDir Path directory;

    @Test
    void a_member_replaces_its_key_between_two_runs_and_everything_still_verifies()
            throws IOException {
        Path consortium = directory.resolve("consortium");
        Path node = directory.resolve("alpha");
        NodeHome home = new NodeHome(node);
        Path corpus =
                Tiny.corpus(
                        directory.resolve("corpus"), "contributed-cpt, private-cpt, evaluation");
        Said.found(consortium, Tiny.charter(directory.resolve("charter.yaml"), "PT24H"));
        Said.ok("consortium", "adopt", consortium, Tiny.model(directory.resolve("model")));
        try (Coordinator coordinator = Coordinator.assemble(CoordinatorConfig.read(consortium))) {
            coordinator.start();
            String token = Said.ok("member", "invite", consortium, "alpha").strip();
            Said.ok("node", "join", node, token, "--corpus", corpus, "--threads", "1");
            round(consortium, node, "one.yaml");
            String before = SigningKey.load(home.signingKey()).verifyingKey().value();

            // Cut off once the next key was made: the node does not guess which of both counts.
            SigningKey.generate().save(home.nextSigningKey());
            Said undecided = Said.by("node", "start", node, "--until-run-ends");
            assertThat(undecided.code()).isEqualTo(1);
            assertThat(undecided.err()).contains("tapestry node rotate-key " + node);

            assertThat(Said.ok("node", "rotate-key", node)).contains("from now on");
            assertThat(SigningKey.load(home.signingKey()).verifyingKey().value())
                    .isNotEqualTo(before);
            assertThat(Files.exists(home.nextSigningKey())).isFalse();
            round(consortium, node, "two.yaml");

            Said again = Said.by("node", "rotate-key", node);
            assertThat(again.err()).contains("KEY_REFUSED", "an hour later");
            assertThat(Files.exists(home.nextSigningKey())).isFalse();
            round(consortium, node, "three.yaml");
        }
        assertThat(new ConsortiumFiles(consortium).events())
                .filteredOn(SigningKeyReplaced.class::isInstance)
                .hasSize(1);
        assertThat(Said.ok("verify", "log", consortium, "--witness", node)).contains("whole");
        assertThat(Said.ok("verify", "merge", consortium, "--round", "2"))
                .contains("to the last byte");
        assertThat(Said.ok("verify", "log", node)).contains("whole");
        Path bundle = directory.resolve("bundle.zip");
        Said.ok("log", "export", consortium, bundle);
        assertThat(Said.ok("verify", "bundle", bundle, "--witnesses", "1")).contains("alpha");
    }

    private void round(Path consortium, Path node, String plan) throws IOException {
        Said.ok("run", "start", consortium, Tiny.plan(directory.resolve(plan)));
        assertThat(Said.ok("node", "start", node, "--until-run-ends"))
                .contains("proven by the coordinator's log");
    }
}
