package dev.tapestry.node.serving;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.corpus.BytePairTrainer;
import dev.tapestry.corpus.TrainedTokenizer;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.training.EnginePlan;
import dev.tapestry.training.Llama;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.training.VocabularyExtension;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A small real model behind the door: it has learnt nothing, and says so in many bytes. */
final class EmbeddedModelTest {

    private static final String SAMPLED = ",\"temperature\":1,\"seed\":11,\"max_tokens\":20";

    @TempDir static Path directory;
    private static Serving serving;
    private static Caller caller;

    @BeforeAll
    static void serve() {
        Path base = directory.resolve("plain");
        BytePairTrainer trainer = new BytePairTrainer(270);
        trainer.add("the committee shall vote on water and law ".repeat(3));
        TrainedTokenizer trained = trainer.train();
        LlamaConfig shape =
                LlamaConfig.small(trained.vocabSize(), 8, 16, 1, 2, 1, 64)
                        .withDocumentTokens(
                                trained.tokenizer().beginOfText(), trained.tokenizer().endOfText());
        try (Llama llama = Llama.fresh(shape, 3)) {
            llama.saveTo(base, DType.F32);
        }
        trained.write(base);
        Path chat = directory.resolve("council");
        try (ModelDirectory files = ModelDirectory.open(base)) {
            VocabularyExtension.forChat(files, ChatTemplate.CHATML, chat);
        }
        serving =
                Serving.assemble(
                        new ServingPlan(
                                "council",
                                Optional.of(chat),
                                Optional.empty(),
                                Optional.of(base),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                false,
                                Listening.at("127.0.0.1", 0, Optional.empty()),
                                new EnginePlan(4, 8, 64, 16, 1)),
                        InstantSource.system());
        serving.start();
        caller = Caller.of(serving.port());
    }

    @AfterAll
    static void close() {
        serving.close();
    }

    @Test
    void the_models_are_listed_with_what_they_are_for() throws Exception {
        JsonNode models = caller.send(caller.to("/v1/models").GET().build()).body().path("data");
        assertThat(models.valueStream().map(model -> model.path("id").asString()))
                .containsExactly("council", "base");
        assertThat(models.path(0).path("tapestry").path("chat").asBoolean()).isTrue();
        assertThat(models.path(1).path("tapestry").path("chat").asBoolean()).isFalse();
        assertThat(models.path(0).path("tapestry").path("digest").asString()).hasSize(64);
        assertThat(caller.send(caller.to("/v1/models/base").GET().build()).status()).isEqualTo(200);
        caller.chat("base", "Hello", "").refused(400, "unsupported_parameter");
    }

    @Test
    void a_seed_gives_the_same_answer_whole_in_pieces_and_beside_others() throws Exception {
        String alone = caller.chat("council", "the law", SAMPLED).text();
        assertThat(alone).isNotEmpty();
        List<Thread> others =
                IntStream.range(0, 3)
                        .mapToObj(i ->
                                Thread.ofVirtual()
                                        .start(() -> {
                                            try {
                                                caller.chat("council", "vote " + i, "");
                                            } catch (Exception e) {
                                                throw new IllegalStateException(e);
                                            }
                                        }))
                        .toList();
        Caller.Events events = caller.streamedChat("council", "the law", SAMPLED);
        assertThat(events.text()).isEqualTo(alone);
        assertThat(events.finish()).isIn("stop", "length");
        for (Thread other : others) {
            other.join();
        }
        assertThat(caller.chat("council", "the law", SAMPLED.replace("11", "12")).text())
                .isNotEqualTo(alone);
    }

    @Test
    void a_stop_string_over_several_tokens_ends_the_answer_before_it() throws Exception {
        String prompt = "{\"model\":\"base\",\"prompt\":\"the water\"%s%s}";
        String free = caller.post("/v1/completions", prompt.formatted(SAMPLED, "")).text();
        String stop = free.substring(free.length() / 2, free.length() / 2 + 3);
        String stops = ",\"stop\":[%s]".formatted(Caller.JSON.writeValueAsString(stop));
        Caller.Reply stopped = caller.post("/v1/completions", prompt.formatted(SAMPLED, stops));
        assertThat(stopped.text()).isEqualTo(free.substring(0, free.indexOf(stop)));
        assertThat(stopped.finish()).isEqualTo("stop");
        assertThat(
                        caller.stream(
                                        "/v1/completions",
                                        prompt.formatted(SAMPLED, stops + ",\"stream\":true"))
                                .text())
                .isEqualTo(stopped.text());
    }

    @Test
    void no_token_of_a_stop_string_is_told_and_offsets_go_on_over_the_pieces() throws Exception {
        String free = caller.chat("council", "the law", SAMPLED).text();
        String stop = free.substring(free.length() / 2, free.length() / 2 + 3);
        String stops = ",\"stop\":[%s]".formatted(Caller.JSON.writeValueAsString(stop));
        Caller.Reply whole =
                caller.chat("council", "the law", SAMPLED + stops + ",\"logprobs\":true");
        ByteArrayOutputStream told = new ByteArrayOutputStream();
        whole.body()
                .path("choices")
                .path(0)
                .path("logprobs")
                .path("content")
                .valueStream()
                .flatMap(token -> token.path("bytes").valueStream())
                .forEach(one -> told.write(one.asInt()));
        assertThat(told.size()).isPositive();
        assertThat(whole.text()).startsWith(told.toString(UTF_8));

        String prompt =
                "{\"model\":\"base\",\"prompt\":\"the water\",\"logprobs\":0,\"stream\":true"
                        + SAMPLED
                        + "}";
        List<Integer> offsets =
                caller.stream("/v1/completions", prompt).all().stream()
                        .flatMap(event ->
                                event.path("choices")
                                        .path(0)
                                        .path("logprobs")
                                        .path("text_offset")
                                        .valueStream())
                        .map(JsonNode::asInt)
                        .toList();
        assertThat(offsets).isSorted().first().isEqualTo(0);
        assertThat(offsets.getLast()).isPositive();
    }

    @Test
    void probabilities_come_with_their_tokens() throws Exception {
        Caller.Reply reply =
                caller.chat(
                        "council",
                        "the law",
                        ",\"temperature\":0,\"max_tokens\":5,\"logprobs\":true,\"top_logprobs\":3");
        JsonNode logs = reply.body().path("choices").path(0).path("logprobs").path("content");
        assertThat(logs.size()).isBetween(1, 5);
        for (JsonNode token : logs) {
            assertThat(token.path("logprob").asDouble()).isNegative();
            assertThat(token.path("top_logprobs").size()).isEqualTo(3);
            assertThat(token.path("top_logprobs").path(0).path("logprob").asDouble())
                    .isEqualTo(token.path("logprob").asDouble());
        }
        Caller.Reply older =
                caller.post(
                        "/v1/completions",
                        "{\"model\":\"base\",\"prompt\":\"the"
                                + " law\",\"temperature\":0,\"max_tokens\":5,\"logprobs\":2}");
        JsonNode lists = older.body().path("choices").path(0).path("logprobs");
        assertThat(lists.path("tokens").size()).isEqualTo(lists.path("token_logprobs").size());
        assertThat(lists.path("top_logprobs").path(0).size()).isLessThanOrEqualTo(2);
    }

    @Test
    void a_question_that_leaves_no_room_is_refused() throws Exception {
        caller.chat("council", "the committee shall vote ".repeat(20), "")
                .refused(400, "context_length_exceeded");
        caller.post("/v1/completions", "{\"model\":\"base\",\"prompt\":\"\"}")
                .refused(400, "invalid_value");
    }
}
