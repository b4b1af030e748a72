package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.training.Step.Reason;
import dev.tapestry.training.TrainingException.Code;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Texts that are continued together are those that are continued alone. */
class BatchEngineTest {

    private static final LlamaConfig CONFIG =
            TestModels.odd(true).withDocumentTokens(OptionalInt.empty(), OptionalInt.empty());

    /** A text to its end. */
    private record Read(List<Integer> ids, List<Step.Token> tokens, Reason reason) {

        static Read all(Ongoing ongoing) throws InterruptedException {
            List<Step.Token> tokens = new ArrayList<>();
            while (true) {
                switch (ongoing.next()) {
                    case Step.Token token -> tokens.add(token);
                    case Step.Ended(Reason reason, String _) -> {
                        return new Read(
                                tokens.stream().map(token -> token.chosen().id()).toList(),
                                tokens,
                                reason);
                    }
                }
            }
        }
    }

    private static EnginePlan plan(int sequences, int chunk) {
        return new EnginePlan(sequences, 64, 32, chunk, 1);
    }

    private static Continuation asking(int prompt, int tokens, Sampling sampling) {
        List<Integer> ids = IntStream.of(TestModels.randomIds(prompt, 97, prompt)).boxed().toList();
        return new Continuation(ids, tokens, sampling, Set.of(), 0, false);
    }

    @Test
    void greedy_tokens_of_a_ragged_batch_are_those_of_each_text_alone() throws Exception {
        try (Llama model = TestModels.unevenNorms(Llama.fresh(CONFIG, 21))) {
            List<Continuation> wanted = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                wanted.add(asking(1 + i * 5 % 19, 3 + i * 7 % 25, Sampling.greedy()));
            }
            List<List<Integer>> alone =
                    wanted.stream()
                            .map(asked ->
                                    new Generation(model)
                                            .continued(
                                                    asked.prompt(),
                                                    asked.maxTokens(),
                                                    Sampling.greedy()))
                            .toList();
            try (BatchEngine engine = BatchEngine.start(model, plan(5, 4))) {
                List<Ongoing> ongoing =
                        wanted.stream().map(engine::submit).map(Optional::orElseThrow).toList();
                for (int i = 0; i < alone.size(); i++) {
                    assertThat(Read.all(ongoing.get(i)).ids())
                            .as("text %d", i)
                            .isEqualTo(alone.get(i));
                }
            }
        }
    }

    @Test
    void a_seed_gives_the_same_text_alone_and_beside_others() throws Exception {
        try (Llama model = Llama.fresh(CONFIG, 21);
                BatchEngine engine = BatchEngine.start(model, plan(6, 8))) {
            Continuation asked = asking(7, 20, new Sampling(0.9, 30, 0.8, 5));
            List<Integer> alone = Read.all(engine.submit(asked).orElseThrow()).ids();
            List<Ongoing> others =
                    IntStream.range(0, 5)
                            .mapToObj(i -> asking(3 + i, 25, new Sampling(1, 0, i)))
                            .map(engine::submit)
                            .map(Optional::orElseThrow)
                            .toList();
            assertThat(Read.all(engine.submit(asked).orElseThrow()).ids()).isEqualTo(alone);
            for (Ongoing other : others) {
                assertThat(Read.all(other).reason()).isEqualTo(Reason.LENGTH);
            }
        }
    }

    @Test
    void log_probabilities_are_those_of_the_softmax_and_the_best_come_first() throws Exception {
        try (Llama model = Llama.fresh(CONFIG, 21)) {
            Continuation asked = asking(6, 1, Sampling.greedy());
            float[] logits = new Generation(model).logitsAfter(asked.prompt());
            double sum = 0;
            for (float logit : logits) {
                sum += Math.exp(logit);
            }
            try (BatchEngine engine = BatchEngine.start(model, plan(2, 8))) {
                Step.Token token =
                        Read.all(
                                        engine.submit(
                                                        new Continuation(
                                                                asked.prompt(),
                                                                1,
                                                                Sampling.greedy(),
                                                                Set.of(),
                                                                97 / 5,
                                                                true))
                                                .orElseThrow())
                                .tokens()
                                .getFirst();
                assertThat(token.alternatives().getFirst()).isEqualTo(token.chosen());
                for (LikelyToken likely : token.alternatives()) {
                    assertThat(likely.logProbability())
                            .isCloseTo(logits[likely.id()] - Math.log(sum), within(1e-4));
                }
                assertThat(token.alternatives())
                        .isSortedAccordingTo(
                                (a, b) -> Double.compare(b.logProbability(), a.logProbability()));
            }
        }
    }

    @Test
    void an_end_token_ends_a_text_and_whoever_goes_away_leaves_the_batch() throws Exception {
        try (Llama model = Llama.fresh(CONFIG, 21)) {
            Continuation free = asking(4, 20, Sampling.greedy());
            try (BatchEngine engine = BatchEngine.start(model, plan(2, 8))) {
                List<Integer> ids = Read.all(engine.submit(free).orElseThrow()).ids();
                Ongoing gone = engine.submit(asking(9, 20, Sampling.greedy())).orElseThrow();
                gone.close();
                Continuation ending =
                        new Continuation(
                                free.prompt(), 20, Sampling.greedy(), Set.of(ids.get(3)), 0, false);
                Read ended = Read.all(engine.submit(ending).orElseThrow());
                assertThat(ended.reason()).isEqualTo(Reason.END_TOKEN);
                assertThat(ended.ids()).isEqualTo(ids.subList(0, ids.indexOf(ids.get(3)) + 1));
            }
        }
    }

    @Test
    void rows_that_no_token_has_are_neither_chosen_nor_named() throws Exception {
        try (Llama model = Llama.fresh(CONFIG, 21)) {
            List<Integer> prompt = List.of(1, 2, 3);
            Continuation asked =
                    new Continuation(prompt, 25, new Sampling(2, 0, 9), Set.of(), 5, true);
            try (BatchEngine engine = BatchEngine.start(model, plan(2, 8))) {
                assertThat(Read.all(engine.submit(asked).orElseThrow()).ids())
                        .anyMatch(id -> id >= 40);
            }
            try (BatchEngine engine = BatchEngine.start(model, 40, plan(2, 8))) {
                Read read = Read.all(engine.submit(asked).orElseThrow());
                assertThat(read.ids()).hasSize(25).allMatch(id -> id < 40);
                assertThat(read.tokens())
                        .allSatisfy(token ->
                                assertThat(token.alternatives()).allMatch(one -> one.id() < 40));
            }
        }
    }

    @Test
    void whoever_goes_away_while_waiting_makes_room_for_another() {
        try (Llama model = Llama.fresh(CONFIG, 21);
                BatchEngine engine = BatchEngine.start(model, new EnginePlan(1, 2, 32, 8, 1))) {
            Optional<Ongoing> last = Optional.empty();
            Optional<Ongoing> next = engine.submit(asking(2, 29, Sampling.greedy()));
            while (next.isPresent()) {
                last = next;
                next = engine.submit(asking(2, 29, Sampling.greedy()));
            }
            last.orElseThrow().close();
            assertThat(engine.submit(asking(2, 29, Sampling.greedy()))).isPresent();
        }
    }

    @Test
    void a_full_queue_takes_no_more_and_a_closed_engine_ends_what_is_under_way() throws Exception {
        try (Llama model = Llama.fresh(CONFIG, 21)) {
            List<Ongoing> taken = new ArrayList<>();
            boolean refused = false;
            try (BatchEngine engine = BatchEngine.start(model, new EnginePlan(1, 2, 32, 8, 1))) {
                for (int i = 0; i < 1000 && !refused; i++) {
                    Optional<Ongoing> next = engine.submit(asking(2, 29, Sampling.greedy()));
                    next.ifPresent(taken::add);
                    refused = next.isEmpty();
                }
            }
            assertThat(refused).isTrue();
            for (Ongoing ongoing : taken) {
                assertThat(Read.all(ongoing).reason()).isIn(Reason.LENGTH, Reason.CLOSING);
            }
        }
    }

    @Test
    void a_prompt_without_room_or_of_another_tokenizer_is_refused_before_it_waits() {
        try (Llama model = Llama.fresh(CONFIG, 21);
                BatchEngine engine = BatchEngine.start(model, plan(2, 8))) {
            assertThatThrownBy(() -> engine.submit(asking(32, 1, Sampling.greedy())))
                    .isInstanceOfSatisfying(
                            TrainingException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.INVALID_PLAN));
            assertThatThrownBy(() ->
                            engine.submit(
                                    new Continuation(
                                            List.of(97), 1, Sampling.greedy(), Set.of(), 0, false)))
                    .isInstanceOfSatisfying(
                            TrainingException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.TOKEN_OUT_OF_RANGE));
        }
    }
}
