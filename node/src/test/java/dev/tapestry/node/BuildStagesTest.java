package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.build.BuildPreview;
import dev.tapestry.node.build.BuildResult;
import dev.tapestry.node.build.Lineage;
import dev.tapestry.node.build.ModelOrigin;
import dev.tapestry.node.build.ModelRegistry;
import dev.tapestry.node.build.RebasePlan;
import dev.tapestry.node.build.RebaseResult;
import dev.tapestry.node.build.SovereignBuild;
import dev.tapestry.node.build.StageResult;
import dev.tapestry.training.LoraAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Builds whose stages learn from text, from instructions and from preferences. */
class BuildStagesTest {

    private static final String CARD =
            Stage.CARD
                    .replace("private-cpt, ", "instruction-tuning, alignment, private-cpt, ")
                    .replace("text-format: lines", "text-format: json-lines");

    private static final List<String> THINGS =
            List.of("fox", "moon", "tale", "the old fox", "a red moon", "the red fox");

    @TempDir Path directory;
    private Workshop workshop = new Workshop(Path.of(""));
    private NodeHome home;

    @BeforeEach
    void lay() throws IOException {
        workshop = Workshop.laid(directory);
        home = workshop.home();
        Random random = new Random(3);
        StringBuilder chats = new StringBuilder();
        StringBuilder pairs = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            String thing = THINGS.get(random.nextInt(THINGS.size()));
            String prompt = "sings %s %d".formatted(thing, i);
            chats.append(
                    "{\"prompt\":\"%s\",\"completion\":\"%s sings\"}%n".formatted(prompt, thing));
            pairs.append(
                    "{\"prompt\":\"%s\",\"chosen\":\"%s sings\",\"rejected\":\"and\"}%n"
                            .formatted(prompt, thing));
        }
        corpus("chats", CARD, "chats.jsonl", chats.toString());
        corpus("pairs", CARD, "pairs.jsonl", pairs.toString());
    }

    private void corpus(String name, String card, String file, String text) throws IOException {
        workshop.corpus(name, card, file, text);
    }

    private Path plan(String name, String stages) throws IOException {
        return Files.writeString(
                directory.resolve(name + ".yaml"),
                """
                name: %s
                base: base
                stages:
                %s
                evaluation: {own: corpus, retention: open, tokens: 300, sequence: 16}
                """
                        .formatted(name, stages.stripTrailing()));
    }

    private static final String PRETRAIN =
            "  - {type: pretrain, corpus: corpus, tokens: 640, training: {learning-rate: 0.01,"
                    + " batch: 4, sequence: 16}}\n";
    private static final String INSTRUCT =
            "  - {type: instruct, chats: chats, epochs: 4, training: {learning-rate: 0.01, batch:"
                    + " 8, sequence: 32}}\n";
    private static final String ALIGN =
            "  - {type: align, preferences: pairs, epochs: 2, loss: {type: dpo}, training:"
                    + " {learning-rate: 0.002, batch: 8, sequence: 32}}\n";

    private BuildResult run(Path plan) {
        return workshop.run(plan);
    }

    private Lineage lineage(BuildResult result) {
        return new ModelRegistry(home)
                .find(SovereignBuild.digest(result.model().orElseThrow()))
                .orElseThrow();
    }

    private static double first(StageResult stage) {
        return stage.scores().getFirst().loss();
    }

    private static double least(StageResult stage) {
        return stage.scores().stream().mapToDouble(StageResult.Score::loss).min().orElseThrow();
    }

    @Test
    void a_model_of_an_imported_base_names_its_licence_and_descends_from_what_was_imported()
            throws IOException {
        Path base = directory.resolve("base");
        Files.writeString(base.resolve("LICENSE"), "MIT License\n");
        ModelOrigin origin = ModelOrigin.of(base, Optional.empty(), Optional.empty());
        Files.write(base.resolve(ModelOrigin.FILE), origin.toBytes());
        BuildResult result = run(plan("imported", PRETRAIN));
        Path model = result.model().orElseThrow();
        assertThat(lineage(result).origin()).contains(origin);
        assertThat(new ModelRegistry(home).descendants(origin.source()))
                .containsExactly(lineage(result));
        assertThat(ModelOrigin.find(model)).contains(origin);
        assertThat(model.resolve("LICENSE")).hasContent("MIT License");
        assertThat(model.resolve("README.md"))
                .content()
                .contains("Its licence is `mit`, says its LICENSE.", origin.source().hex());
    }

    @Test
    void a_to_c_in_a_row_and_each_lowers_its_own_loss_on_what_it_has_not_seen() throws IOException {
        BuildResult result = run(plan("all", PRETRAIN + INSTRUCT + ALIGN));
        assertThat(result.stages()).hasSize(3);
        List<StageResult> stages = lineage(result).stages();
        assertThat(stages).allSatisfy(stage -> assertThat(least(stage)).isLessThan(first(stage)));
        assertThat(first(stages.get(2)))
                .as("nothing is preferred before")
                .isCloseTo(Math.log(2), within(1e-6));
        Path model = result.model().orElseThrow();
        assertThat(model.resolve("tokenizer_config.json"))
                .content()
                .contains("chat_template", "im_start");
        assertThat(ChatTemplate.CHATML.missing(ByteLevelTokenizer.open(model))).isEmpty();
        assertThat(model.resolve("weights.gguf")).isNotEmptyFile();
        assertThat(run(plan("all", PRETRAIN + INSTRUCT + ALIGN)).stages())
                .allMatch(BuildResult.Done::reused);
    }

    @Test
    void a_preview_says_what_each_stage_would_take_and_makes_no_model() throws IOException {
        BuildPreview preview = workshop.builds().preview(plan("all", PRETRAIN + INSTRUCT + ALIGN));
        assertThat(preview.stages()).hasSize(3);
        assertThat(preview.stages().getFirst().tokens()).isEqualTo(640);
        assertThat(preview.stages().getFirst().steps()).isEqualTo(10);
        assertThat(preview.stages())
                .allSatisfy(stage -> {
                    assertThat(stage.tokens()).isPositive();
                    assertThat(stage.memoryBytes()).isGreaterThan(16 * preview.parameters());
                    assertThat(preview.time(stage)).isPositive();
                });
        BuildResult real = run(plan("all", PRETRAIN + INSTRUCT + ALIGN));
        long trained = lineage(real).stages().get(1).order().stage().settings().sequences();
        assertThat(preview.stages().get(1).steps())
                .as("4 epochs of the 60 that are not held out, in steps of %d", trained)
                .isBetween(4 * 45 / trained, 4 * 60 / trained);
        assertThat(home.sovereign("all")).exists();
    }

    @Test
    void a_change_of_low_rank_comes_with_its_adapter() throws IOException {
        BuildResult result =
                run(plan("low", INSTRUCT.replace("sequence: 32", "sequence: 32, lora: {rank: 2}")));
        Path adapter = result.model().orElseThrow().resolve("adapter");
        assertThat(LoraAdapter.open(adapter).plan().rank()).isEqualTo(2);
        assertThat(adapter.resolve(LoraAdapter.WEIGHTS)).isNotEmptyFile();
        assertThat(least(lineage(result).stages().getFirst()))
                .isLessThan(first(lineage(result).stages().getFirst()));
    }

    @Test
    void replay_and_other_losses_are_taken_as_the_plan_says() throws IOException {
        String replay =
                PRETRAIN.replace("tokens: 640", "tokens: 640, replay: {corpus: open, share: 0.5}");
        BuildResult plain = run(plan("plain", PRETRAIN));
        BuildResult mixed = run(plan("mixed", replay));
        assertThat(mixed.after().retained().orElseThrow())
                .isNotEqualTo(plain.after().retained().orElseThrow());
        assertThat(lineage(mixed).stages().getFirst().order().texts()).hasSize(3);
        BuildResult odds = run(plan("odds", ALIGN.replace("type: dpo", "type: orpo, lambda: 0.5")));
        assertThat(lineage(odds).stages()).hasSize(1);
    }

    @Test
    void a_model_that_learnt_to_converse_follows_its_base_too() throws IOException {
        run(plan("talker", INSTRUCT));
        BuildResult newer = run(plan("newer", PRETRAIN));
        RebaseResult moved =
                workshop.rebases()
                        .run(
                                directory.resolve("talker.yaml"),
                                newer.model().orElseThrow(),
                                new RebasePlan(List.of(1.0), -1e9, 1e9, 0, false));
        Path model = moved.model().orElseThrow();
        assertThat(ChatTemplate.CHATML.missing(ByteLevelTokenizer.open(model))).isEmpty();
        assertThat(model.resolve("tokenizer_config.json")).content().contains("chat_template");
    }

    @Test
    void text_is_prepared_first_and_what_stands_in_it_twice_is_learnt_once() throws IOException {
        String tales = Stage.tales(300);
        corpus("twice", Stage.CARD, "tales.txt", tales + tales);
        Files.writeString(
                directory.resolve("data.yaml"),
                """
                name: Tales, once
                purposes: [private-cpt, evaluation]
                seed: 1
                sources: [{path: twice}]
                steps:
                  language: {enabled: false}
                  quality: {enabled: false}
                  near-duplicates: {enabled: false}
                """);
        Path plan = plan("prepared", PRETRAIN.replace("corpus: corpus", "corpus: prepared:once"));
        Files.writeString(
                plan,
                Files.readString(plan)
                        .replace("stages:", "data: [{name: once, plan: data.yaml}]\nstages:")
                        .replace("own: corpus", "own: prepared:once"));
        BuildResult result = run(plan);
        assertThat(result.gainPercent()).isPositive();
        Path prepared = home.builds().resolve("prepared/once");
        assertThat(prepared.resolve("croissant.json")).isNotEmptyFile();
        assertThat(Files.readString(prepared.resolve("report.json"))).contains("exact-duplicates");
        assertThat(run(plan).stages()).allMatch(BuildResult.Done::reused);

        corpus("twice", Stage.CARD, "tales.txt", tales.replace("fox", "owl"));
        assertThat(run(plan).stages())
                .as("another text is another stage")
                .noneMatch(BuildResult.Done::reused);
        Files.writeString(directory.resolve("data.yaml"), "name: x\nsteps: {sing: {}}\n");
        refused(plan, Code.POLICY, "sing");
    }

    @Test
    void cards_and_lines_that_do_not_do_are_refused() throws IOException {
        Files.writeString(
                directory.resolve("chats/card.yaml"), CARD.replace("instruction-tuning, ", ""));
        refused(plan("no", INSTRUCT), Code.POLICY, "does not permit instruction-tuning");
        Files.writeString(directory.resolve("chats/card.yaml"), CARD);
        Files.writeString(directory.resolve("chats/chats.jsonl"), "{\"prompt\": 1}\n");
        refused(plan("no", INSTRUCT), Code.POLICY, "line 1");
        Files.writeString(
                directory.resolve("chats/chats.jsonl"),
                "{\"prompt\": \"a\", \"completion\": \"b\"}\n");
        refused(plan("no", INSTRUCT), Code.POLICY, "held out");
        refused(
                plan("no", INSTRUCT.replace("epochs: 4", "epochs: 0")),
                Code.CONFIG_INVALID,
                "epochs");
        refused(
                plan("no", ALIGN.replace("type: dpo", "type: ppo")),
                Code.CONFIG_INVALID,
                "[dpo, orpo, kto]");
    }

    @Test
    void too_many_bad_lines_equal_answers_and_unknown_templates_are_refused() throws IOException {
        Files.writeString(directory.resolve("chats/chats.jsonl"), "{\"prompt\": \n".repeat(101));
        refused(plan("no", INSTRUCT), Code.POLICY, "100");
        Files.writeString(
                directory.resolve("pairs/pairs.jsonl"),
                "{\"prompt\":\"a\",\"chosen\":\"b\",\"rejected\":\"b\"}\n".repeat(101));
        refused(plan("no", ALIGN), Code.POLICY, "line 1");
        refused(
                plan("no", INSTRUCT.replace("epochs: 4", "epochs: 4, template: MISTRAL")),
                Code.CONFIG_INVALID,
                "CHATML");
        corpus("nothing", Stage.CARD, "tales.txt", "");
        refused(
                plan("no", PRETRAIN.replace("corpus: corpus", "corpus: nothing")),
                Code.POLICY,
                "0 documents to train on");
        assertThat(home.sovereign()).doesNotExist();
    }

    private void refused(Path plan, Code code, String words) {
        assertThatThrownBy(() -> run(plan))
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(code);
                            assertThat(e).hasMessageContaining(words);
                        });
    }
}
