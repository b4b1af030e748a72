package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tapestry.app.process.FreePort;
import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.round.Relocation;
import dev.tapestry.training.VocabularyExtension;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A consortium of one, walked by a script: every command with {@code --json}. */
final class JsonTest {

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    @TempDir static Path directory;

    private static final Map<String, Said> SAID = new HashMap<>();
    private static Path consortium = Path.of("");

    @BeforeAll
    static void walk() throws IOException {
        consortium = directory.resolve("consortium");
        Path node = directory.resolve("node");
        Path model = Tiny.model(directory.resolve("model"));
        Path base = directory.resolve("base");
        Path corpus =
                Tiny.corpus(
                        directory.resolve("corpus"),
                        "contributed-cpt, private-cpt, evaluation, tokenizer-training");
        Path charter = Tiny.charter(directory.resolve("charter.yaml"), "PT24H");
        json("model import", model, base);
        json("model show", base);
        json("model generate", base, "the", "--tokens", "2");
        json("model score", base, "--corpus", corpus, "--sequence", "32", "--tokens", "200");
        json(
                "model merge",
                base,
                base,
                "--rule",
                "slerp",
                "--base",
                base,
                "--out",
                directory.resolve("merged"));
        json("model export", base, "--gguf", directory.resolve("base.gguf"));
        json("board pause", directory.resolve("board"), "--say", "We are looking into it.");
        json("board resume", directory.resolve("board"));
        json("board status", directory.resolve("board"));
        json("tokenizer train", corpus, directory.resolve("tokenizer"), "--vocabulary", "300");
        json("tokenizer encode", base, "the law");
        Path plan = directory.resolve("prepare.yaml");
        Files.writeString(plan, "name: Minutes\nsources: [{path: corpus}]\n");
        json("corpus prepare", plan, directory.resolve("prepared"));
        prefer(base);
        json(
                "consortium found",
                consortium,
                "--charter",
                charter,
                "--host",
                "127.0.0.1",
                "--port",
                FreePort.find());
        json("consortium adopt", consortium, base);
        json("coordinator check", consortium);
        json("coordinator move", consortium);
        json("coordinator backup", consortium, directory.resolve("backup"));
        try (Coordinator coordinator = Coordinator.assemble(CoordinatorConfig.read(consortium))) {
            coordinator.start();
            String token = json("member invite", consortium, "alpha").path("token").asString();
            json("node join", node, token, "--corpus", corpus, "--threads", "1");
            json("run start", consortium, Tiny.plan(directory.resolve("plan.yaml")));
            Said said = Said.by("node", "start", node, "--until-run-ends");
            assertThat(said.code()).as(said.err()).isZero();
            json("run watch", consortium);
            json("doctor", node);
            json("node rotate-key", node);
            json("run start", consortium, Tiny.plan(directory.resolve("again.yaml")));
            carry(node, corpus, directory.resolve("box"));
            json("run status", consortium);
            json("run stop", consortium, "--reason", "the walk goes on");
        }
        move(node);
        json("member list", consortium);
        json("consortium show", consortium);
        json("consortium steward-certificate", consortium);
        json("node status", node);
        json("node receipts", node);
        json(
                "node build",
                node,
                "--name",
                "own",
                "--base",
                "latest",
                "--tokens",
                "100",
                "--batch",
                "2",
                "--sequence",
                "32",
                "--scoring-tokens",
                "200");
        json("build lineage", node);
        json("node witnesses", node);
        json("log export", consortium, directory.resolve("audit.zip"));
        json("verify bundle", directory.resolve("audit.zip"), "--witnesses", "1");
        json("log receipt", consortium, directory.resolve("receipt"), "--round", "1");
        json("verify receipt", directory.resolve("receipt"));
        json("verify log", directory.resolve("next"), "--witness", node);
        json("verify merge", consortium, "--round", "1");
        json("train", Tiny.job(directory.resolve("own-trainer")), "--threads", "1");
        json(
                "simulate",
                Tiny.simulation(directory.resolve("simulation.yaml")),
                "--work",
                directory.resolve("simulation"),
                "--out",
                directory.resolve("simulated"));
    }

    /** From a constitution to pairs that a model may learn from. */
    private static void prefer(Path base) throws IOException {
        Path constitution = Path.of("..", "docs", "examples", "constitution.yaml");
        json("constitution check", constitution, "--try", "a burial song");
        Path model = directory.resolve("tuned");
        try (ModelDirectory files = ModelDirectory.open(base)) {
            VocabularyExtension.forChat(files, ChatTemplate.CHATML, model);
        }
        Path prompts = directory.resolve("prompts.jsonl");
        Files.writeString(prompts, "{\"prompt\":\"where to dig\"}\n");
        Path pairs = directory.resolve("pairs.jsonl");
        json(
                "preferences make",
                "--constitution",
                constitution,
                "--model",
                model,
                "--prompts",
                prompts,
                "--out",
                pairs,
                "--samples",
                "2",
                "--tokens",
                "8");
        json("preferences review", pairs, "--accept-all");
    }

    /** The second round, in a box. */
    private static void carry(Path node, Path corpus, Path box) {
        json("round fetch", node, box);
        json("round prepare", box, "--corpus", corpus);
        json("round train", box, "--corpus", corpus);
        json("round submit", node, box);
        await("the candidate of the second round")
                .atMost(Duration.ofMinutes(2))
                .until(() ->
                        json("round fetch", node, box).path("work").asString().equals("SCORE"));
        json("round score", box, "--corpus", corpus);
    }

    /** The only member moves the coordinator, and is revoked by the new one. */
    private static void move(Path node) throws IOException {
        Path next = directory.resolve("next");
        Path proposal = directory.resolve("move.json");
        Path statement = directory.resolve("statement.json");
        json("consortium prepare", next, "--host", "127.0.0.1", "--port", FreePort.find());
        json(
                "consortium propose-move",
                consortium,
                next.resolve("successor.json"),
                "--out",
                proposal);
        json("node agree-move", node, proposal, "--out", statement);
        Path agreement =
                Path.of(
                        json("consortium move", consortium, next, "--statements", statement)
                                .path("agreement")
                                .asString());
        json("node follow-move", node, agreement);
        try (Coordinator old = Coordinator.assemble(CoordinatorConfig.read(consortium))) {
            old.start();
            json("consortium retire", consortium, agreement);
        }
        try (Coordinator there = Coordinator.assemble(CoordinatorConfig.read(next))) {
            there.start();
            json("round fetch", node, directory.resolve("box"));
            assertThat(Relocation.agreed(new NodeHome(node))).as("the gateway follows").isEmpty();
            json("member revoke", next, "alpha", "--reason", "the walk is over");
        }
    }

    @ParameterizedTest
    @MethodSource
    void a_command_with_json_says_one_document_and_nothing_else(String command) {
        Said said = walked(command);
        assertThat(said.code()).as(said.err()).isZero();
        assertThat(said.out()).hasLineCount(1).endsWith("\n");
        assertThat(JSON.readTree(said.out()).isContainer()).isTrue();
    }

    /** All commands of this room; those that write JSON to a file are not meant. */
    static Stream<String> a_command_with_json_says_one_document_and_nothing_else() {
        return all(new TapestryCommand().line())
                .filter(JsonTest::ofThisRoom)
                .map(CommandLine::getCommandSpec)
                .filter(spec -> {
                    OptionSpec json = spec.optionsMap().get("--json");
                    return json != null && json.arity().max() == 0;
                })
                .map(spec -> spec.qualifiedName().replaceFirst("^tapestry ", ""));
    }

    @Test
    void nothing_that_runs_once_and_has_a_result_is_without_json() {
        List<String> without =
                new ArrayList<>(
                        all(new TapestryCommand().line())
                                .filter(JsonTest::ofThisRoom)
                                .filter(line -> line.getSubcommands().isEmpty())
                                .map(CommandLine::getCommandSpec)
                                .filter(spec -> !spec.optionsMap().containsKey("--json"))
                                .map(spec -> spec.qualifiedName(" "))
                                .toList());
        assertThat(without)
                .containsExactlyInAnyOrder(
                        "tapestry run metrics", // is for machines as it is
                        "tapestry coordinator start",
                        "tapestry node start",
                        "tapestry serve",
                        "tapestry round courier");
    }

    @Test
    void what_one_command_says_is_what_the_next_one_needs() {
        JsonNode watched = said("run watch");
        assertThat(watched.path("phase").asString()).isEqualTo("PUBLISHED");
        assertThat(said("consortium show").path("base")).isEqualTo(watched.path("base"));
        assertThat(said("consortium adopt").path("base"))
                .isEqualTo(said("model show").path("digest"));
        assertThat(said("node join").path("member").asString()).isEqualTo("alpha");
        assertThat(said("round submit").path("admitted").asBoolean()).isTrue();
        assertThat(said("round train").path("steps").asInt()).isEqualTo(2);
        assertThat(said("round score").path("candidate"))
                .isNotEqualTo(said("run watch").path("base"));
        assertThat(said("run start").path("tokensPerRound").asLong()).isEqualTo(128);
        assertThat(said("tokenizer train").path("vocabulary").asInt()).isEqualTo(300);
        assertThat(said("model merge").path("models").asInt()).isEqualTo(2);
        assertThat(said("constitution check").path("tried").path(0).path("prompt"))
                .hasToString(
                        "{\"rules\":[\"burial-songs\"],\"text\":\"These songs belong to the"
                            + " families. Please ask the keeper of"
                            + " songs.\",\"verdict\":\"refused\"}");
        assertThat(said("preferences review").path("accepted").asInt())
                .isEqualTo(said("preferences make").path("pairs").asInt());
        assertThat(said("verify merge").path("agreement").path(0).path("group").asString())
                .isEqualTo("ALL");
        assertThat(Path.of(said("model export").path("file").asString()))
                .hasSize(said("model export").path("bytes").asLong());
    }

    @Test
    void what_a_simulation_says_is_what_it_writes_and_the_words_go_elsewhere() throws IOException {
        assertThat(directory.resolve("simulated/simulation.json"))
                .hasContent(walked("simulate").out().strip());
        assertThat(directory.resolve("simulated/simulation.html")).content().contains("<svg");
        assertThat(walked("simulate").err()).contains("mean: round 1 (1 bases wanted)");
        try (Stream<Path> left = Files.list(directory.resolve("simulation"))) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void a_whole_log_and_a_true_merge_are_verified_and_false_ones_end_with_1() throws IOException {
        assertThat(said("verify log").path("whole").asBoolean()).isTrue();
        assertThat(said("verify log").path("entries")).isEqualTo(said("verify log").path("signed"));
        assertThat(said("verify merge").path("matches").asBoolean()).isTrue();
        assertThat(said("verify merge").path("differences").size()).isZero();

        change(weightsOfAContribution());
        Said merge = Said.by("verify", "merge", consortium, "--round", "1", "--json");
        assertThat(merge.code()).isEqualTo(1);
        assertThat(JSON.readTree(merge.out()).path("matches").asBoolean()).isFalse();
        assertThat(JSON.readTree(merge.out()).path("differences").path(0).asString())
                .contains("alpha")
                .contains(".safetensors");

        Tiny.falsify(consortium.resolve("log.db"), "Walkers", "Talkers");
        Said log = Said.by("verify", "log", consortium, "--json");
        assertThat(log.code()).isEqualTo(1);
        assertThat(JSON.readTree(log.out()).path("whole").asBoolean()).isFalse();
        assertThat(JSON.readTree(log.out()).path("problem").asString()).contains("entry 0");
    }

    private static JsonNode json(String command, Object... arguments) {
        List<Object> words = new ArrayList<>(List.of((Object[]) command.split(" ")));
        words.addAll(List.of(arguments));
        words.add("--json");
        Said said = Said.by(words.toArray());
        assertThat(said.code()).as("%s: %s", command, said.err()).isZero();
        SAID.put(command, said);
        return JSON.readTree(said.out());
    }

    private static JsonNode said(String command) {
        return JSON.readTree(walked(command).out());
    }

    private static Said walked(String command) {
        return SAID.getOrDefault(command, new Said(-1, "", "the walk leaves out " + command));
    }

    private static Path weightsOfAContribution() throws IOException {
        try (Stream<Path> files = Files.walk(consortium.resolve("contributions/1"))) {
            return files.filter(file -> file.toString().endsWith(".safetensors"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static void change(Path file) throws IOException {
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.seek(out.length() - 1);
            int last = out.read();
            out.seek(out.length() - 1);
            out.write(last ^ 1);
        }
    }

    private static boolean ofThisRoom(CommandLine line) {
        Object command = line.getCommandSpec().userObject();
        Class<?> home =
                command instanceof Method method ? method.getDeclaringClass() : command.getClass();
        return home.getPackage().equals(TapestryCommand.class.getPackage());
    }

    private static Stream<CommandLine> all(CommandLine root) {
        return Stream.concat(
                Stream.of(root),
                root.getSubcommands().values().stream()
                        .filter(line -> !line.getCommandSpec().usageMessage().hidden())
                        .flatMap(JsonTest::all));
    }
}
