package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.node.FaultyExchange.Fault;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.box.BoxAnswer;
import dev.tapestry.node.box.BoxAnswer.Work;
import dev.tapestry.node.box.BoxLabel;
import dev.tapestry.node.box.BoxWork;
import dev.tapestry.node.box.DropBox;
import dev.tapestry.node.round.NodeAgent.Until;
import dev.tapestry.node.round.RoundGateway.Fetched;
import dev.tapestry.node.trainer.JobDone;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A member whose text and compute have no network, and whose gateway has neither. */
class RoundBoxTest {

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir Path directory;
    private Stage stage;
    private Path text;
    private DropBox box;

    @BeforeEach
    void setUp() throws IOException {
        stage = new Stage(directory.resolve("gateway")).joined();
        text = withoutText(stage);
        box = new DropBox(directory.resolve("usb/box"));
    }

    @AfterEach
    void tearDown() {
        stage.close();
    }

    /** Takes the text away from where the card is. */
    private Path withoutText(Stage from) throws IOException {
        Path elsewhere = Files.createDirectories(directory.resolve("compute/text"));
        Files.copy(from.corpus.resolve("card.yaml"), elsewhere.resolve("card.yaml"));
        Files.move(from.corpus.resolve("tales.txt"), elsewhere.resolve("tales.txt"));
        return elsewhere;
    }

    private void announce() throws IOException {
        Digest base = stage.coordinator.adopt(stage.base("base", 1));
        stage.coordinator.announce(Stage.plan(1, base), 1);
    }

    private Fetched fetch() {
        try (Node node = stage.node()) {
            return node.gateway(box).fetch();
        }
    }

    private BoxAnswer submit() {
        try (Node node = stage.node()) {
            return node.gateway(box).submit();
        }
    }

    private BoxWork compute() {
        return compute(NodeProgress.silent(), new StopSignal());
    }

    private BoxWork compute(NodeProgress progress, StopSignal stop) {
        return new BoxWork(
                box,
                text,
                new NodeHome(directory.resolve("compute/work")),
                BoxWork.Machine.asAsked(),
                progress,
                stop,
                InstantSource.system());
    }

    /** What a node with a network makes of the same round with the same text. */
    private RoundView networked() throws IOException {
        try (Stage other = new Stage(directory.resolve("networked")).joined()) {
            Digest base = other.coordinator.adopt(other.base("base", 1));
            other.coordinator.announce(Stage.plan(1, base), 1);
            try (Node node = other.node()) {
                node.agent().run(Until.noRun());
            }
            assertThat(other.coordinator.scores).hasSize(1);
            return other.coordinator.view();
        }
    }

    @Test
    void a_round_that_was_carried_gives_the_base_that_a_node_with_a_network_gives()
            throws IOException {
        announce();
        assertThat(fetch())
                .isInstanceOfSatisfying(
                        Fetched.Ready.class,
                        ready -> {
                            assertThat(ready.work()).isEqualTo(Work.CONTRIBUTION);
                            assertThat(ready.before()).isFalse();
                        });
        assertThat(box.path().resolve("corpus")).doesNotExist();
        compute().train();
        assertThat(submit())
                .satisfies(answer -> {
                    assertThat(answer.admitted()).isTrue();
                    assertThat(answer.work()).isEqualTo(Work.CONTRIBUTION);
                });
        assertThat(fetch())
                .isInstanceOfSatisfying(
                        Fetched.Ready.class,
                        ready -> assertThat(ready.work()).isEqualTo(Work.SCORE));
        compute().score();
        assertThat(submit().admitted()).isTrue();
        assertThat(fetch()).isInstanceOf(Fetched.Nothing.class);
        assertThat(stage.coordinator.view().phase()).isEqualTo(RoundView.Phase.PUBLISHED);
        assertThat(stage.coordinator.view().base()).isEqualTo(networked().base());
        assertThat(stage.updates).anyMatch(NodeUpdate.BaseBelieved.class::isInstance);
    }

    @Test
    void neither_keys_nor_text_nor_tokens_lie_in_the_box_that_travels() throws IOException {
        announce();
        fetch();
        compute().train();
        try (Stream<Path> files = Files.walk(box.path())) {
            assertThat(files.filter(Files::isRegularFile).map(f -> f.getFileName().toString()))
                    .noneMatch(name -> name.endsWith(".pem"))
                    .noneMatch(name -> name.endsWith(".txt"))
                    .noneMatch(name -> name.endsWith(".tokens"));
        }
    }

    @Test
    void all_that_the_gateway_sent_and_got_has_its_receipts() throws IOException {
        announce();
        fetch();
        compute().train();
        submit();
        long sent =
                stage.events().stream()
                        .filter(NodeEvent.Receipt.class::isInstance)
                        .mapToLong(event -> ((NodeEvent.Receipt) event).bytesSent())
                        .sum();
        assertThat(sent).isEqualTo(stage.coordinator.bodyBytes());
    }

    @Test
    void every_step_done_again_changes_nothing() throws IOException {
        announce();
        fetch();
        assertThat(((Fetched.Ready) fetch()).before()).isTrue();
        JobDone done = compute().train();
        byte[] weights = Files.readAllBytes(box.path().resolve("model.safetensors"));
        assertThat(compute().train()).isEqualTo(done);
        assertThat(box.path().resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(((Fetched.Ready) fetch()).before())
                .as("what was trained is not cleared away")
                .isTrue();
        BoxAnswer answer = submit();
        assertThat(submit()).isEqualTo(answer);
        assertThat(stage.coordinator.contributions).hasSize(1);
    }

    @Test
    void a_fetch_that_was_cut_off_is_finished_by_the_next() throws IOException {
        announce();
        fetch();
        // As after a kill: the order comes last, the base before it is half there.
        Files.delete(box.path().resolve("job.json"));
        truncate(box.path().resolve("base/model.safetensors"), 100);
        assertThatThrownBy(() -> compute().train())
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.BOX_INCOMPLETE));
        assertThat(((Fetched.Ready) fetch()).before()).isFalse();
        compute().train();
        assertThat(submit().admitted()).isTrue();
    }

    @Test
    void a_training_that_was_stopped_goes_on_and_ends_with_the_same_weights() throws IOException {
        announce();
        fetch();
        compute().train();
        byte[] whole = Files.readAllBytes(box.path().resolve("model.safetensors"));
        Drafts.delete(directory.resolve("compute/work"));
        Drafts.delete(box.path());
        fetch();
        StopSignal stop = new StopSignal();
        AtomicInteger steps = new AtomicInteger();
        assertThatThrownBy(() ->
                        compute(
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
        assertThatThrownBy(this::submit)
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.BOX_INCOMPLETE));
        compute().train();
        assertThat(box.path().resolve("model.safetensors")).hasBinaryContent(whole);
    }

    @Test
    void a_gateway_killed_while_it_sends_sends_the_same_contribution() throws IOException {
        announce();
        fetch();
        compute().train();
        stage.coordinator.faults =
                (method, path) -> path.endsWith("/seal") ? Fault.REVOKED : Fault.NONE;
        assertThatThrownBy(this::submit).hasMessageContaining("you left");
        stage.coordinator.faults = (method, path) -> Fault.NONE;
        assertThat(submit().admitted()).isTrue();
        assertThat(stage.coordinator.contributions).hasSize(2);
        assertThat(stage.coordinator.contributions.get(0))
                .isEqualTo(stage.coordinator.contributions.get(1));
    }

    @Test
    void what_was_admitted_before_the_gateway_could_note_it_is_known_from_the_log()
            throws IOException {
        announce();
        fetch();
        compute().train();
        BoxAnswer answer = submit();
        Files.delete(box.path().resolve("answer.json")); // as if killed before it
        assertThat(stage.coordinator.view().phase()).isEqualTo(RoundView.Phase.SCORING);
        assertThat(submit()).isEqualTo(answer);
    }

    @Test
    void a_refusal_comes_back_with_its_code_and_another_result_may_follow() throws IOException {
        announce();
        fetch();
        compute().train();
        stage.coordinator.refuses = Optional.of(Finding.UPDATE_TOO_LARGE);
        assertThat(submit())
                .satisfies(answer -> {
                    assertThat(answer.admitted()).isFalse();
                    assertThat(answer.code()).contains("UPDATE_TOO_LARGE");
                });
        assertThat(box.path().resolve("answer.json")).content().contains("UPDATE_TOO_LARGE");
        stage.coordinator.refuses = Optional.empty();
        assertThat(submit().admitted()).isTrue();
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
        announce();
        fetch();
        compute().train();
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
            case "half a model" -> truncate(model, Files.size(model) / 2);
            case "zeros in a model" -> {
                try (RandomAccessFile file = new RandomAccessFile(model.toFile(), "rw")) {
                    file.seek(file.length() - 64);
                    file.write(new byte[64]);
                }
            }
            case "half, without sums" -> {
                Files.delete(box.path().resolve("results.sha256"));
                truncate(model, Files.size(model) / 2);
            }
            case "no corpus" -> {
                Files.delete(box.path().resolve("results.sha256"));
                replace(job, "\"corpus\":\\{[^}]*},", "");
            }
            case "other steps" -> replace(job, "\"steps\":3", "\"steps\":4");
            case "not JSON" -> Files.writeString(job, "{");
            default -> throw new AssertionError(what);
        }
        assertThatThrownBy(this::submit)
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(code));
        assertThat(stage.coordinator.contributions).isEmpty();
    }

    @Test
    void a_base_that_was_changed_on_the_way_is_not_trained_from() throws IOException {
        announce();
        fetch();
        Path config = box.path().resolve("base/tokenizer.json");
        String changed = Files.readString(config) + " ";
        Files.delete(config);
        Files.writeString(config, changed);
        assertThatThrownBy(() -> compute().train())
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.BOX_DAMAGED));
    }

    @Test
    void a_result_that_comes_back_after_its_round_is_refused_and_the_next_is_fetched()
            throws IOException {
        announce();
        fetch();
        compute().train();
        Digest next = stage.coordinator.serve(stage.base("next", 2));
        stage.coordinator.othersPublish(stage.coordinator.view().plan().orElseThrow(), next);
        assertThatThrownBy(this::submit)
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STALE_ROUND))
                .hasMessageContaining("fetch again");
        stage.coordinator.announce(Stage.plan(2, next), 2);
        assertThatThrownBy(this::submit)
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STALE_ROUND));
        assertThat(((Fetched.Ready) fetch()).before()).isFalse();
        assertThat(box.path().resolve("model.safetensors")).doesNotExist();
        compute().train();
        assertThat(submit().admitted()).isTrue();
        assertThat(stage.coordinator.contributions)
                .singleElement()
                .satisfies(sent -> assertThat(sent.base()).isEqualTo(next));
    }

    /** The others go on without this member, whose contribution to round 1 is still taken. */
    private void othersGoOn() throws IOException {
        Digest next = stage.coordinator.serve(stage.base("next", 2));
        stage.coordinator.othersPublish(stage.coordinator.view().plan().orElseThrow(), next);
        stage.coordinator.announce(Stage.plan(2, next), 2);
    }

    @Test
    void what_comes_back_when_its_round_has_closed_is_kept_and_stands_in_a_later_one()
            throws IOException {
        announce();
        fetch();
        compute().train();
        stage.coordinator.othersMerge(stage.coordinator.serve(stage.base("merged", 3)));
        assertThat(submit())
                .satisfies(answer -> {
                    assertThat(answer.admitted()).isFalse();
                    assertThat(answer.comesAgain()).isTrue();
                    assertThat(answer.code()).contains("ROUND_CLOSED");
                });
        othersGoOn();
        assertThat(submit().admitted()).isTrue();
        assertThat(stage.coordinator.contributions)
                .singleElement()
                .satisfies(sent -> assertThat(sent.round()).isEqualTo(new RoundNumber(1)));
    }

    @Test
    void what_was_kept_is_brought_by_the_next_fetch_where_nobody_submits_it_again()
            throws IOException {
        announce();
        fetch();
        compute().train();
        stage.coordinator.othersMerge(stage.coordinator.serve(stage.base("merged", 3)));
        assertThat(submit().comesAgain()).isTrue();
        othersGoOn();
        assertThat(fetch())
                .isInstanceOfSatisfying(
                        Fetched.Nothing.class,
                        nothing -> assertThat(nothing.why()).contains("stands for helsinki"));
        assertThat(box.answered().orElseThrow().admitted()).isTrue();
        assertThat(stage.coordinator.contributions).hasSize(1);
    }

    @Test
    void a_fetch_does_not_clear_away_what_may_still_be_handed_in() throws IOException {
        announce();
        fetch();
        compute().train();
        stage.coordinator.othersMerge(stage.coordinator.serve(stage.base("merged", 3)));
        othersGoOn();
        assertThat(fetch())
                .isInstanceOfSatisfying(
                        Fetched.Nothing.class,
                        nothing -> assertThat(nothing.why()).contains("submit it first"));
        assertThat(submit().admitted()).isTrue();
    }

    @Test
    void what_comes_later_than_the_charter_takes_it_is_refused_and_the_next_is_fetched()
            throws IOException {
        announce();
        fetch();
        compute().train();
        stage.coordinator.othersMerge(stage.coordinator.serve(stage.base("merged", 3)));
        othersGoOn();
        stage.coordinator.refuses = Optional.of(Finding.STALE_ROUND);
        assertThat(submit().code()).contains("STALE_ROUND");
        assertThat(fetch())
                .isInstanceOfSatisfying(
                        Fetched.Ready.class,
                        ready -> assertThat(ready.round()).isEqualTo(new RoundNumber(2)));
    }

    @Test
    void a_contribution_says_under_which_card_it_was_trained_elsewhere() throws IOException {
        stage.coordinator.append(
                new ConsortiumEvent.Founded(
                        Charter.standard("Test"),
                        stage.coordinator.key.verifyingKey().value(),
                        Instant.EPOCH));
        announce();
        fetch();
        replace(text.resolve("card.yaml"), "\"Tales\"", "\"Tales, second edition\"");
        compute().train();
        submit();
        assertThat(stage.coordinator.contributions.getFirst().grounds().orElseThrow())
                .satisfies(grounds -> {
                    assertThat(grounds.charter())
                            .isEqualTo(CanonicalJson.digest(Charter.standard("Test")));
                    assertThat(grounds.card()).contains(DatasetCard.read(text).digest());
                });
    }

    @Test
    void an_unattended_gateway_leaves_a_training_that_has_begun_to_its_end_while_it_is_taken()
            throws IOException {
        announce();
        fetch();
        StopSignal stop = new StopSignal();
        assertThatThrownBy(() ->
                        compute(
                                        update -> {
                                            if (update instanceof NodeUpdate.Stepped) {
                                                stop.request();
                                            }
                                        },
                                        stop)
                                .train())
                .isInstanceOf(NodeException.class);
        stage.coordinator.othersMerge(stage.coordinator.serve(stage.base("merged", 3)));
        try (Node node = stage.node()) {
            CompletableFuture<Void> gateway =
                    CompletableFuture.runAsync(() -> node.courier(box).run(Until.noRun()));
            await().atMost(PATIENCE)
                    .until(() ->
                            gateway.isDone() || stage.coordinator.count("GET", "/v1/round") > 1);
            compute().train();
            await().atMost(PATIENCE).until(() -> gateway.isDone() || box.isToScore());
            compute().score();
            await().atMost(PATIENCE).until(gateway::isDone);
            gateway.join();
        }
        assertThat(stage.coordinator.scores).hasSize(1);
        stage.coordinator.announce(Stage.plan(2, stage.coordinator.view().base().orElseThrow()), 2);
        assertThat(fetch()).isInstanceOf(Fetched.Nothing.class);
        assertThat(stage.coordinator.contributions)
                .singleElement()
                .satisfies(sent -> assertThat(sent.round()).isEqualTo(new RoundNumber(1)));
    }

    @Test
    void an_unattended_gateway_tells_of_the_steps_that_are_done_elsewhere() throws IOException {
        announce();
        try (Node node = stage.node()) {
            CompletableFuture<Void> gateway =
                    CompletableFuture.runAsync(() -> node.courier(box).run(Until.noRun()));
            await().atMost(PATIENCE).until(() -> gateway.isDone() || box.hasOrders());
            compute().train();
            await().atMost(PATIENCE).until(() -> gateway.isDone() || box.isToScore());
            compute().score();
            await().atMost(PATIENCE).until(gateway::isDone);
            gateway.join();
        }
        assertThat(stage.updates)
                .filteredOn(NodeUpdate.Stepped.class::isInstance)
                .extracting(update -> ((NodeUpdate.Stepped) update).step())
                .containsExactly(1, 2, 3);
    }

    @Test
    void a_directory_with_something_else_in_it_is_left_alone() throws IOException {
        announce();
        Path thesis = Files.createDirectories(box.path()).resolve("thesis.odt");
        Files.writeString(thesis, "chapter 1");
        assertThatThrownBy(this::fetch)
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.NOT_A_BOX));
        assertThat(thesis).hasContent("chapter 1");
    }

    @Test
    void a_card_that_forbids_it_keeps_the_text_from_being_trained_on_at_either_end()
            throws IOException {
        announce();
        fetch();
        replace(text.resolve("card.yaml"), "contributed-cpt, ", "");
        assertThatThrownBy(() -> compute().train())
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.POLICY));
        replace(stage.corpus.resolve("card.yaml"), "contributed-cpt, ", "");
        assertThatThrownBy(this::fetch)
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.POLICY));
    }

    @Test
    void a_text_that_lies_at_the_gateway_goes_into_the_box_as_tokens() throws IOException {
        Files.copy(text.resolve("tales.txt"), stage.corpus.resolve("tales.txt"));
        announce();
        fetch();
        assertThat(box.path().resolve("corpus/train.tokens")).exists();
        assertThat(box.path().resolve("corpus/card.yaml")).exists();
        assertThat(box.training().corpus()).isPresent();
    }

    @Test
    void a_box_is_made_a_job_directory_where_the_text_is_for_a_trainer_of_one_s_own()
            throws IOException {
        announce();
        fetch();
        assertThat(box.training().corpus()).isEmpty();
        assertThat(compute().prepare().corpus()).isPresent();
        assertThat(compute().prepare()).as("again").isEqualTo(box.training());
        assertThat(box.path().resolve("corpus/train.tokens")).exists();
        assertThat(((Fetched.Ready) fetch()).before()).isTrue();
    }

    @Test
    void an_unattended_gateway_keeps_a_shared_box_filled_until_the_run_ends() throws IOException {
        announce();
        fetch();
        compute().train();
        truncate(box.path().resolve("model.safetensors"), 64); // a copy that broke off
        try (Node node = stage.node()) {
            CompletableFuture<Void> gateway =
                    CompletableFuture.runAsync(() -> node.courier(box).run(Until.noRun()));
            await().atMost(PATIENCE).until(() -> gateway.isDone() || box.answered().isPresent());
            assertThat(box.answered().orElseThrow().code()).contains("BOX_DAMAGED");
            compute().train(); // whole this time
            await().atMost(PATIENCE).until(() -> gateway.isDone() || box.isToScore());
            assertThat(box.isToScore()).isTrue();
            compute().score();
            await().atMost(PATIENCE).until(gateway::isDone);
            gateway.join();
        }
        assertThat(stage.updates)
                .filteredOn(NodeUpdate.Declined.class::isInstance)
                .singleElement()
                .satisfies(update ->
                        assertThat(((NodeUpdate.Declined) update).code()).isEqualTo("BOX_DAMAGED"));
        assertThat(stage.coordinator.scores).hasSize(1);
        assertThat(stage.coordinator.view().base()).isEqualTo(networked().base());
    }

    private static void truncate(Path file, long bytes) {
        try (RandomAccessFile open = new RandomAccessFile(copied(file).toFile(), "rw")) {
            open.setLength(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** In place of a second name of a file that is somebody else's too. */
    private static Path copied(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        Files.delete(file);
        return Files.write(file, bytes);
    }

    private static void replace(Path file, String pattern, String by) throws IOException {
        String before = Files.readString(file);
        String after = before.replaceAll(pattern, by);
        assertThat(after).isNotEqualTo(before);
        Files.writeString(file, after);
    }
}
