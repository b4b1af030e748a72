package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.BytePairTrainer;
import dev.tapestry.corpus.ExtendedTokenizer;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.corpus.chat.ChatTokens;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TunerTest {

    @TempDir Path directory;

    @Test
    void every_kind_of_lesson_resumes_bit_for_bit() {
        try (ModelDirectory base = base()) {
            for (Lessons lessons :
                    List.of(
                            TextLessons.replaying(TestModels.text(3), TestModels.text(4), 0.25),
                            ConversationLessons.of(chats()),
                            PreferenceLessons.of(
                                    pairs(), new PreferencePlan.Orpo(0.1), Optional.empty()))) {
                for (TuningPlan plan :
                        List.of(
                                TuningPlan.full(training()),
                                TuningPlan.full(training()).heldToBase(0.3, 0),
                                TuningPlan.lora(training(), LoraPlan.of(2)))) {
                    resumes(base, plan, lessons);
                }
            }
            resumes(
                    base,
                    TuningPlan.full(training()).heldToBase(0, 0.5),
                    ConversationLessons.of(chats()));
        }
    }

    private void resumes(ModelDirectory base, TuningPlan plan, Lessons lessons) {
        Path checkpoint = directory.resolve("state.safetensors");
        List<Tuner.Report> expected = new ArrayList<>();
        float[] last;
        try (Tuner tuner = Tuner.begin(base, plan, lessons)) {
            tuner.step();
            tuner.saveCheckpoint(checkpoint);
            expected.add(tuner.step());
            expected.add(tuner.step());
            last = weights(tuner);
        }
        try (Tuner tuner = Tuner.resume(base, checkpoint, plan, lessons)) {
            assertThat(List.of(tuner.step(), tuner.step())).isEqualTo(expected);
            assertThat(weights(tuner)).isEqualTo(last);
        }
    }

    @Test
    void a_batch_in_several_passes_takes_the_same_step_up_to_rounding() {
        Lessons lessons = ConversationLessons.of(chats());
        try (ModelDirectory base = base();
                Tuner whole = Tuner.begin(base, TuningPlan.full(training()), lessons);
                Tuner cut =
                        Tuner.begin(
                                base, TuningPlan.full(training().withMemory(4, true)), lessons)) {
            for (int i = 0; i < 3; i++) {
                StepReport expected = whole.step().step();
                StepReport actual = cut.step().step();
                assertThat(actual.loss())
                        .isCloseTo(expected.loss(), org.assertj.core.api.Assertions.within(1e-3));
                assertThat(actual.tokensSeen()).isEqualTo(expected.tokensSeen());
            }
        }
    }

    @Test
    void replayed_text_is_as_much_of_each_batch_as_the_share_says() {
        Tokens own = Tokens.of(new int[400]);
        int[] ones = new int[400];
        java.util.Arrays.fill(ones, 1);
        List<Long> read = new ArrayList<>();
        Tokens counted = counting(Tokens.of(ones), read);
        try (ModelDirectory base = base();
                Tuner tuner =
                        Tuner.begin(
                                base,
                                TuningPlan.full(training()),
                                TextLessons.replaying(own, counted, 0.25))) {
            for (int i = 0; i < 8; i++) {
                tuner.step();
            }
            assertThat(read).hasSize(8); // one of four sequences in each step
        }
        assertThatThrownBy(() -> TextLessons.replaying(own, own, 1)).hasMessageContaining("1.0");
    }

    private static Tokens counting(Tokens tokens, List<Long> read) {
        return new Tokens() {
            @Override
            public long count() {
                return tokens.count();
            }

            @Override
            public long bytes() {
                return tokens.bytes();
            }

            @Override
            public void read(long from, long[] into) {
                read.add(from);
                tokens.read(from, into);
            }
        };
    }

    @Test
    void what_holds_a_model_to_its_base_keeps_it_nearer() {
        Lessons lessons = ConversationLessons.of(chats());
        try (ModelDirectory base = base();
                Llama start = Llama.load(base)) {
            double free = distance(start, base, TuningPlan.full(training()), lessons);
            double l2 =
                    distance(start, base, TuningPlan.full(training()).heldToBase(20, 0), lessons);
            assertThat(l2).isLessThan(0.95 * free);
            assertThat(divergence(base, 200, lessons))
                    .isLessThan(0.5 * divergence(base, 1e-9, lessons));
        }
    }

    private static double divergence(ModelDirectory base, double factor, Lessons lessons) {
        TuningPlan plan = TuningPlan.full(training()).heldToBase(0, factor);
        try (Tuner tuner = Tuner.begin(base, plan, lessons)) {
            for (int i = 0; i < 12; i++) {
                tuner.step();
            }
            return figure(tuner, "kl");
        }
    }

    private static double distance(
            Llama start, ModelDirectory base, TuningPlan plan, Lessons lessons) {
        try (Tuner tuner = Tuner.begin(base, plan, lessons)) {
            for (int i = 0; i < 12; i++) {
                tuner.step();
            }
            float[] before = numbers(start);
            float[] after = weights(tuner);
            double squares = 0;
            for (int i = 0; i < after.length; i++) {
                squares += Math.pow((double) after[i] - before[i], 2);
            }
            return Math.sqrt(squares);
        }
    }

    @Test
    void a_model_learns_what_is_rewarded() {
        ByteLevelTokenizer tokenizer = tokenizer();
        ChatTemplate template = ChatTemplate.CHATML;
        List<RewardedTask> tasks =
                List.of(
                        new RewardedTask(
                                Conversation.asking("Say it."),
                                answer ->
                                        answer.chars().filter(c -> c >= 'a' && c <= 'z').count()
                                                / 4.0,
                                "letters"));
        TrainingPlan plan =
                new TrainingPlan(
                        OptimizerPlan.AdamW.of(0.003, 0),
                        new LearningRateSchedule.Constant(0),
                        1,
                        48,
                        1.0,
                        Precision.FP32,
                        7,
                        1);
        RewardPlan rewards = new RewardPlan(16, 4, 1, 0.2, 0.01, true);
        LlamaConfig config = LlamaConfig.small(tokenizer.vocabSize(), 32, 64, 2, 4, 2, 64);
        try (Llama fresh = Llama.fresh(config, 3)) {
            fresh.saveTo(directory.resolve("fresh"), DType.F32);
        }
        try (ModelDirectory base = ModelDirectory.open(directory.resolve("fresh"));
                Llama reference = Llama.load(base)) {
            RewardLessons lessons =
                    RewardLessons.of(tasks, rewards, template, tokenizer, reference);
            resumes(base, TuningPlan.full(plan), lessons);
            try (Tuner tuner = Tuner.begin(base, TuningPlan.full(plan), lessons)) {
                double early = rewards(tuner, 10);
                for (int i = 0; i < 20; i++) {
                    tuner.step();
                }
                assertThat(rewards(tuner, 10)).isGreaterThan(early + 0.2);
            }
            assertThatThrownBy(() -> RewardLessons.of(tasks, rewards, template, tokenizer, null))
                    .hasMessageContaining("needs a reference");
        }
    }

    private static double rewards(Tuner tuner, int steps) {
        double sum = 0;
        for (int i = 0; i < steps; i++) {
            sum += figure(tuner, "reward") / steps;
        }
        return sum;
    }

    private static double figure(Tuner tuner, String name) {
        return java.util.Objects.requireNonNull(tuner.step().figures().get(name));
    }

    @Test
    void answers_are_judged_by_choice_and_by_form() {
        Conversation prompt = Conversation.asking("A or B?");
        RewardedTask choice = RewardedTask.choice(prompt, "B");
        assertThat(choice.reward().applyAsDouble(" B. Since")).isEqualTo(1);
        assertThat(choice.reward().applyAsDouble("Because")).isZero();
        RewardedTask form =
                RewardedTask.format(prompt, java.util.regex.Pattern.compile("[0-9]{4}-[0-9]{2}"));
        assertThat(form.reward().applyAsDouble("2026-11")).isEqualTo(1);
        assertThat(form.reward().applyAsDouble("In 2026-11")).isZero();
    }

    @Test
    void lessons_that_do_not_fit_the_plan_are_refused() {
        try (ModelDirectory base = base()) {
            List<ChatTokens> longer = List.of(ChatTokens.text(new int[34]));
            refused(
                    Code.INVALID_PLAN,
                    () ->
                            Tuner.begin(
                                    base,
                                    TuningPlan.full(training()),
                                    ConversationLessons.of(new EncodedChats(longer, 0))));
            refused(
                    Code.TOO_FEW_TOKENS,
                    () -> ConversationLessons.of(new EncodedChats(List.of(), 2)));
            refused(Code.INVALID_PLAN, () -> TuningPlan.full(training()).heldToBase(-1, 0));
            try (Tuner tuner =
                    Tuner.begin(
                            base, TuningPlan.full(training()), ConversationLessons.of(chats()))) {
                refused(Code.INVALID_PLAN, () -> tuner.exportAdapter(directory.resolve("a")));
            }
        }
    }

    private static ByteLevelTokenizer tokenizer() {
        return ByteLevelTokenizer.parse(
                ExtendedTokenizer.of(
                                new BytePairTrainer(258).train().tokenizerJson(),
                                ChatTemplate.CHATML.specialTokens(),
                                true)
                        .bytes());
    }

    private ModelDirectory base() {
        Path base = directory.resolve("base");
        if (!java.nio.file.Files.exists(base)) {
            try (Llama model = Llama.fresh(TestModels.tiny(), 8)) {
                model.saveTo(base, DType.F32);
            }
        }
        return ModelDirectory.open(base);
    }

    private static TrainingPlan training() {
        return TestModels.plan(OptimizerPlan.AdamW.of(0.003, 0.01), Precision.FP32);
    }

    private static EncodedChats chats() {
        SplittableRandom random = new SplittableRandom(5);
        List<ChatTokens> texts = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            texts.add(
                    ChatTokens.answer(
                            random.ints(2L + random.nextInt(9), 0, 256).toArray(),
                            random.ints(2L + random.nextInt(9), 0, 256).toArray()));
        }
        return new EncodedChats(texts, 0);
    }

    private static Comparisons pairs() {
        List<ChatTokens> texts = chats().texts();
        List<Comparisons.Unit> units = new ArrayList<>();
        for (int i = 0; i + 1 < texts.size(); i++) {
            units.add(new Comparisons.Pair(texts.get(i), texts.get(i + 1)));
        }
        return new Comparisons(units, 0);
    }

    private static float[] weights(Tuner tuner) {
        return numbers(tuner.model());
    }

    private static float[] numbers(Llama model) {
        return NativeTensors.memory(model.parameters().values()).toArray(ValueLayout.JAVA_FLOAT);
    }

    private static void refused(
            Code code, org.assertj.core.api.ThrowableAssert.ThrowingCallable action) {
        assertThatThrownBy(action)
                .isInstanceOfSatisfying(
                        TrainingException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
