package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.TrainerCommand;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.trainer.RoundTask;
import dev.tapestry.node.trainer.RoundTrainer;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A job that a node has laid out, trained from the command line. */
final class TrainCommandTest {

    @TempDir Path directory;
    private Path job;

    /** A node's own trainer that does nothing leaves the job as it was laid out. */
    @BeforeEach
    void layOut() throws IOException {
        job = directory.resolve("job");
        NodeHome home = new NodeHome(directory.resolve("node"));
        Path base = Tiny.model(directory.resolve("base"));
        MemberId member = new MemberId("oulu");
        NodeConfig config =
                NodeConfig.standard(
                                member,
                                Tiny.corpus(
                                        directory.resolve("text"), "contributed-cpt, evaluation"))
                        .withThreads(1)
                        .withTrainer(
                                new TrainerCommand(
                                        List.of("true"), Map.of(), Duration.ofMinutes(1), job));
        RoundPlan plan =
                new RoundPlan(
                        new RoundNumber(1),
                        Digest.of(new byte[0]),
                        new LocalTraining(
                                2,
                                LocalTraining.Optimizer.ADAMW,
                                0.01,
                                0.1,
                                LocalTraining.Schedule.COSINE,
                                0,
                                1000,
                                2,
                                16,
                                0,
                                1,
                                3),
                        MergeRule.fedAvg(),
                        100,
                        List.of(member),
                        Instant.parse("2100-01-01T00:00:00Z"));
        try (OpenText text =
                new MemberCorpus(home, config).open(base, PermittedUse.CONTRIBUTED_CPT)) {
            RoundTrainer idle =
                    RoundTrainer.of(
                            home,
                            config,
                            NodeProgress.silent(),
                            new StopSignal(),
                            InstantSource.system());
            RoundTask task = new RoundTask(plan, CanonicalJson.digest(plan), 0, base);
            assertThatThrownBy(() -> idle.train(task, text, directory.resolve("none")))
                    .isInstanceOf(NodeException.class)
                    .hasMessageContaining("metrics.jsonl ends with step 0");
        }
    }

    @Test
    void a_job_is_trained_and_everything_that_the_contract_asks_for_is_there() throws IOException {
        Said said = Said.by("train", job, "--json");
        assertThat(said.code()).as(said.err()).isZero();
        assertThat(said.out()).contains("\"steps\":2", "\"tokens\":64", "\"meanLoss\":");
        assertThat(Files.readString(job.resolve("done.json"))).isEqualTo(said.out().strip());
        assertThat(Files.readAllLines(job.resolve("metrics.jsonl")))
                .hasSize(2)
                .last()
                .asString()
                .contains("\"step\":2", "\"tokens\":64");
        assertThat(job.resolve("model.safetensors")).isNotEmptyFile();
        assertThat(job.resolve("state/after-round-1.safetensors")).isNotEmptyFile();
        assertThat(job.resolve(".model")).doesNotExist();
    }

    @Test
    void a_directory_without_a_job_is_refused() {
        Said said = Said.by("train", directory.resolve("elsewhere"));
        assertThat(said.code()).isEqualTo(1);
        assertThat(said.err()).contains("job.json", "missing");
        assertThat(Said.by("train").code()).isEqualTo(2);
    }

    @Test
    void a_job_of_another_version_of_the_contract_is_refused() throws IOException {
        Path file = job.resolve("job.json");
        Files.writeString(file, Files.readString(file).replace("\"protocol\":1", "\"protocol\":2"));
        assertThat(Said.by("train", job).err()).contains("protocol 2", "speaks 1");
    }

    @Test
    void a_card_that_does_not_permit_it_or_is_of_another_text_is_refused() throws IOException {
        Path card = job.resolve("corpus/card.yaml");
        String text = Files.readString(card);
        Files.writeString(card, text.replace("contributed-cpt, ", ""));
        assertThat(Said.by("train", job).err()).contains("does not permit contributed-cpt");
        Files.writeString(card, text.replace("Minutes", "Hours"));
        assertThat(Said.by("train", job).err()).contains("not of the text whose card");
        assertThat(job.resolve("done.json")).doesNotExist();
    }
}
