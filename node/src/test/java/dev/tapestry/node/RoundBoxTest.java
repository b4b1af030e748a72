package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.node.FaultyExchange.Fault;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.box.BoxAnswer;
import dev.tapestry.node.box.BoxAnswer.Work;
import dev.tapestry.node.box.BoxLabel;
import dev.tapestry.node.box.DropBox;
import dev.tapestry.node.round.RoundGateway.Fetched;
import dev.tapestry.node.trainer.JobDone;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rounds that are carried between a gateway and a machine without a network. */
class RoundBoxTest {

    @TempDir Path directory;
    private ClosedSite site;
    private Stage stage;
    private DropBox box;

    @BeforeEach
    void setUp() throws IOException {
        site = new ClosedSite(directory);
        stage = site.stage;
        box = site.box;
    }

    @AfterEach
    void tearDown() {
        site.close();
    }

    @Test
    void a_round_that_was_carried_gives_the_base_that_a_node_with_a_network_gives()
            throws IOException {
        site.announce();
        assertThat(site.fetch())
                .isInstanceOfSatisfying(
                        Fetched.Ready.class,
                        ready -> {
                            assertThat(ready.work()).isEqualTo(Work.CONTRIBUTION);
                            assertThat(ready.before()).isFalse();
                        });
        assertThat(box.path().resolve("corpus")).doesNotExist();
        site.compute().train();
        assertThat(site.submit())
                .satisfies(answer -> {
                    assertThat(answer.admitted()).isTrue();
                    assertThat(answer.work()).isEqualTo(Work.CONTRIBUTION);
                });
        assertThat(site.fetch())
                .isInstanceOfSatisfying(
                        Fetched.Ready.class,
                        ready -> assertThat(ready.work()).isEqualTo(Work.SCORE));
        site.compute().score();
        assertThat(site.submit().admitted()).isTrue();
        assertThat(site.fetch()).isInstanceOf(Fetched.Nothing.class);
        assertThat(stage.coordinator.view().phase()).isEqualTo(RoundView.Phase.PUBLISHED);
        assertThat(stage.coordinator.view().base()).isEqualTo(site.networked().base());
        assertThat(stage.updates).anyMatch(NodeUpdate.BaseBelieved.class::isInstance);
    }

    @Test
    void neither_keys_nor_text_nor_tokens_lie_in_the_box_that_travels() throws IOException {
        site.announce();
        site.fetch();
        site.compute().train();
        try (Stream<Path> files = Files.walk(box.path())) {
            assertThat(files.filter(Files::isRegularFile).map(f -> f.getFileName().toString()))
                    .noneMatch(name -> name.endsWith(".pem"))
                    .noneMatch(name -> name.endsWith(".txt"))
                    .noneMatch(name -> name.endsWith(".tokens"));
        }
    }

    @Test
    void all_that_the_gateway_sent_and_got_has_its_receipts() throws IOException {
        site.announce();
        site.fetch();
        site.compute().train();
        site.submit();
        long sent =
                stage.events().stream()
                        .filter(NodeEvent.Receipt.class::isInstance)
                        .mapToLong(event -> ((NodeEvent.Receipt) event).bytesSent())
                        .sum();
        assertThat(sent).isEqualTo(stage.coordinator.bodyBytes());
    }

    @Test
    void every_step_done_again_changes_nothing() throws IOException {
        site.announce();
        site.fetch();
        assertThat(((Fetched.Ready) site.fetch()).before()).isTrue();
        JobDone done = site.compute().train();
        byte[] weights = Files.readAllBytes(box.path().resolve("model.safetensors"));
        assertThat(site.compute().train()).isEqualTo(done);
        assertThat(box.path().resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(((Fetched.Ready) site.fetch()).before())
                .as("what was trained is not cleared away")
                .isTrue();
        BoxAnswer answer = site.submit();
        assertThat(site.submit()).isEqualTo(answer);
        assertThat(stage.coordinator.contributions).hasSize(1);
    }

    @Test
    void a_fetch_that_was_cut_off_is_finished_by_the_next() throws IOException {
        site.announce();
        site.fetch();
        // As after a kill: the order comes last, the base before it is half there.
        Files.delete(box.path().resolve("job.json"));
        ClosedSite.truncate(box.path().resolve("base/model.safetensors"), 100);
        assertThatThrownBy(() -> site.compute().train())
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.BOX_INCOMPLETE));
        assertThat(((Fetched.Ready) site.fetch()).before()).isFalse();
        site.compute().train();
        assertThat(site.submit().admitted()).isTrue();
    }

    @Test
    void a_training_that_was_stopped_goes_on_and_ends_with_the_same_weights() throws IOException {
        site.announce();
        site.fetch();
        site.compute().train();
        byte[] whole = Files.readAllBytes(box.path().resolve("model.safetensors"));
        Drafts.delete(directory.resolve("compute/work"));
        Drafts.delete(box.path());
        site.fetch();
        StopSignal stop = new StopSignal();
        AtomicInteger steps = new AtomicInteger();
        assertThatThrownBy(() ->
                        site.compute(
                                        update -> {
                                            if (update instanceof NodeUpdate.Stepped
                                                    && steps.incrementAndGet() == 2) {
                                                stop.request();
                                            }
                                        },
                                        stop)
                                .train())
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STOPPED));
        assertThatThrownBy(site::submit)
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.BOX_INCOMPLETE));
        site.compute().train();
        assertThat(box.path().resolve("model.safetensors")).hasBinaryContent(whole);
    }

    @Test
    void a_gateway_killed_while_it_sends_sends_the_same_contribution() throws IOException {
        site.announce();
        site.fetch();
        site.compute().train();
        stage.coordinator.faults =
                (method, path) -> path.endsWith("/seal") ? Fault.REVOKED : Fault.NONE;
        assertThatThrownBy(site::submit).hasMessageContaining("you left");
        stage.coordinator.faults = (method, path) -> Fault.NONE;
        assertThat(site.submit().admitted()).isTrue();
        assertThat(stage.coordinator.contributions).hasSize(2);
        assertThat(stage.coordinator.contributions.get(0))
                .isEqualTo(stage.coordinator.contributions.get(1));
    }

    @Test
    void what_was_admitted_before_the_gateway_could_note_it_is_known_from_the_log()
            throws IOException {
        site.announce();
        site.fetch();
        site.compute().train();
        BoxAnswer answer = site.submit();
        Files.delete(box.path().resolve("answer.json")); // as if killed before it
        assertThat(stage.coordinator.view().phase()).isEqualTo(RoundView.Phase.SCORING);
        assertThat(site.submit()).isEqualTo(answer);
    }

    @Test
    void a_refusal_comes_back_with_its_code_and_another_result_may_follow() throws IOException {
        site.announce();
        site.fetch();
        site.compute().train();
        stage.coordinator.refuses = Optional.of(Finding.UPDATE_TOO_LARGE);
        assertThat(site.submit())
                .satisfies(answer -> {
                    assertThat(answer.admitted()).isFalse();
                    assertThat(answer.code()).contains("UPDATE_TOO_LARGE");
                });
        assertThat(box.path().resolve("answer.json")).content().contains("UPDATE_TOO_LARGE");
        stage.coordinator.refuses = Optional.empty();
        assertThat(site.submit().admitted()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "no done.json       | BOX_INCOMPLETE",
                "no job.json        | BOX_INCOMPLETE",
                "no box.json        | NOT_A_BOX",
                "another member     | OTHER_MEMBER",
                "tampered base      | BOX_DAMAGED",
                "half a model       | BOX_DAMAGED",
                "zeros in a model   | BOX_DAMAGED",
                "half, without sums | TRAINER_OUTPUT",
                "no corpus          | TRAINER_OUTPUT",
                "other steps        | BOX_DAMAGED",
                "not JSON           | BOX_DAMAGED"
            })
    void what_is_not_whole_or_not_this_member_s_is_refused_and_nothing_is_sent(
            String what, Code code) throws IOException {
        site.announce();
        site.fetch();
        site.compute().train();
        Path model = box.path().resolve("model.safetensors");
        Path job = box.path().resolve("job.json");
        switch (what) {
            case "no done.json" -> Files.delete(box.path().resolve("done.json"));
            case "no job.json" -> Files.delete(job);
            case "no box.json" -> Files.delete(box.path().resolve("box.json"));
            case "another member" -> {
                BoxLabel mine = box.read();
                BoxLabel other =
                        new BoxLabel(
                                mine.protocol(),
                                mine.consortium(),
                                new MemberId("espoo"),
                                mine.holdOutFraction(),
                                mine.holdOutSalt());
                Files.write(box.path().resolve("box.json"), CanonicalJson.write(other));
            }
            case "tampered base" -> {
                Path base = box.path().resolve("base/model.safetensors");
                byte[] bytes = Files.readAllBytes(base);
                bytes[bytes.length - 1] ^= 1;
                Files.delete(base); // the node's own file under a second name
                Files.write(base, bytes);
            }
            case "half a model" -> ClosedSite.truncate(model, Files.size(model) / 2);
            case "zeros in a model" -> {
                try (RandomAccessFile file = new RandomAccessFile(model.toFile(), "rw")) {
                    file.seek(file.length() - 64);
                    file.write(new byte[64]);
                }
            }
            case "half, without sums" -> {
                Files.delete(box.path().resolve("results.sha256"));
                ClosedSite.truncate(model, Files.size(model) / 2);
            }
            case "no corpus" -> {
                Files.delete(box.path().resolve("results.sha256"));
                ClosedSite.replace(job, "\"corpus\":\\{[^}]*},", "");
            }
            case "other steps" -> ClosedSite.replace(job, "\"steps\":3", "\"steps\":4");
            case "not JSON" -> Files.writeString(job, "{");
            default -> throw new AssertionError(what);
        }
        assertThatThrownBy(site::submit)
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(code));
        assertThat(stage.coordinator.contributions).isEmpty();
    }

    @Test
    void a_base_that_was_changed_on_the_way_is_not_trained_from() throws IOException {
        site.announce();
        site.fetch();
        Path config = box.path().resolve("base/tokenizer.json");
        String changed = Files.readString(config) + " ";
        Files.delete(config);
        Files.writeString(config, changed);
        assertThatThrownBy(() -> site.compute().train())
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.BOX_DAMAGED));
    }

    @Test
    void a_contribution_says_under_which_card_it_was_trained_elsewhere() throws IOException {
        stage.coordinator.append(
                new ConsortiumEvent.Founded(
                        Charter.standard("Test"),
                        stage.coordinator.key.verifyingKey().value(),
                        Instant.EPOCH));
        site.announce();
        site.fetch();
        ClosedSite.replace(
                site.text.resolve("card.yaml"), "\"Tales\"", "\"Tales, second edition\"");
        site.compute().train();
        site.submit();
        assertThat(stage.coordinator.contributions.getFirst().grounds().orElseThrow())
                .satisfies(grounds -> {
                    assertThat(grounds.charter())
                            .isEqualTo(CanonicalJson.digest(Charter.standard("Test")));
                    assertThat(grounds.card()).contains(DatasetCard.read(site.text).digest());
                });
    }

    @Test
    void a_directory_with_something_else_in_it_is_left_alone() throws IOException {
        site.announce();
        Path thesis = Files.createDirectories(box.path()).resolve("thesis.odt");
        Files.writeString(thesis, "chapter 1");
        assertThatThrownBy(site::fetch)
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.NOT_A_BOX));
        assertThat(thesis).hasContent("chapter 1");
    }

    @Test
    void a_card_that_forbids_it_keeps_the_text_from_being_trained_on_at_either_end()
            throws IOException {
        site.announce();
        site.fetch();
        ClosedSite.replace(site.text.resolve("card.yaml"), "contributed-cpt, ", "");
        assertThatThrownBy(() -> site.compute().train())
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.POLICY));
        ClosedSite.replace(stage.corpus.resolve("card.yaml"), "contributed-cpt, ", "");
        assertThatThrownBy(site::fetch)
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.POLICY));
    }

    @Test
    void a_text_that_lies_at_the_gateway_goes_into_the_box_as_tokens() throws IOException {
        Files.copy(site.text.resolve("tales.txt"), stage.corpus.resolve("tales.txt"));
        site.announce();
        site.fetch();
        assertThat(box.path().resolve("corpus/train.tokens")).exists();
        assertThat(box.path().resolve("corpus/card.yaml")).exists();
        assertThat(box.training().corpus()).isPresent();
    }

    @Test
    void a_box_is_made_a_job_directory_where_the_text_is_for_a_trainer_of_one_s_own()
            throws IOException {
        site.announce();
        site.fetch();
        assertThat(box.training().corpus()).isEmpty();
        assertThat(site.compute().prepare().corpus()).isPresent();
        assertThat(site.compute().prepare()).as("again").isEqualTo(box.training());
        assertThat(box.path().resolve("corpus/train.tokens")).exists();
        assertThat(((Fetched.Ready) site.fetch()).before()).isTrue();
    }
}
