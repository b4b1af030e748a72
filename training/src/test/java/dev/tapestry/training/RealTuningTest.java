package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.BytePairTrainer;
import dev.tapestry.corpus.TrainedTokenizer;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.chat.PreferencePair;
import dev.tapestry.training.ProcurementTerms.Term;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Instructions and preferences made of real terms, on a small model that has read French text about
 * them: a third of a million parameters.
 */
final class RealTuningTest {

    private static final int LENGTH = 96;
    private static final ChatTemplate TEMPLATE = ChatTemplate.CHATML;
    private static final AnswerScoring SCORING = new AnswerScoring(4096, Precision.FP32, 1);

    @TempDir static Path directory;

    private static ByteLevelTokenizer tokenizer;
    private static EncodedChats taught;
    private static EncodedChats heldOut;

    @BeforeAll
    static void a_base_that_has_read_and_knows_the_template() {
        List<Term> terms = ProcurementTerms.in("fr");
        BytePairTrainer trainer = new BytePairTrainer(600);
        StringBuilder text = new StringBuilder();
        for (Term term : terms) {
            if (!term.heldOut()) {
                trainer.add(term.description());
                text.append(term.name()).append(" : ").append(term.description()).append("\n\n");
            }
        }
        TrainedTokenizer trained = trainer.train();
        int[] ids = trained.tokenizer().encode(text.toString());
        long bytes = text.toString().getBytes(StandardCharsets.UTF_8).length;
        LlamaConfig config = LlamaConfig.small(trained.vocabSize(), 64, 192, 3, 4, 2, 128);
        Path read = directory.resolve("read");
        try (Trainer pretraining =
                Trainer.begin(
                        Llama.fresh(config, 1),
                        plan(OptimizerPlan.Muon.of(0.01, 0.01), 16, 64, 100),
                        Tokens.of(ids, bytes))) {
            for (int i = 0; i < 60; i++) {
                pretraining.step();
            }
            pretraining.exportTo(read, DType.F32);
        }
        trained.write(read);
        try (ModelDirectory model = ModelDirectory.open(read)) {
            VocabularyExtension.forChat(model, TEMPLATE, directory.resolve("base"));
        }
        tokenizer = ByteLevelTokenizer.open(directory.resolve("base"));
        taught = chats(terms.stream().filter(term -> !term.heldOut()).toList());
        heldOut = chats(terms.stream().filter(Term::heldOut).toList());
        assertThat(taught.texts()).hasSizeGreaterThan(100);
        assertThat(heldOut.texts()).hasSizeGreaterThan(15);
    }

    private static EncodedChats chats(List<Term> terms) {
        return EncodedChats.of(
                terms.stream().map(term -> ask(term).answered(term.description())).toList(),
                TEMPLATE,
                tokenizer,
                LENGTH);
    }

    private static Conversation ask(Term term) {
        return Conversation.asking(
                "Que signifie « %s » dans les marchés publics ?".formatted(term.name()));
    }

    @Test
    void instruction_tuning_lowers_the_loss_of_answers_that_it_has_not_seen() {
        TuningPlan plan = TuningPlan.full(plan(OptimizerPlan.Muon.of(0.005, 0.01), 32, LENGTH, 0));
        double[] loss = tuned(plan, 40);
        assertThat(loss[1]).isLessThan(loss[0] - 0.25);
    }

    @Test
    void so_does_a_change_of_low_rank_with_a_twentieth_of_the_numbers() {
        TuningPlan plan =
                TuningPlan.lora(
                        plan(OptimizerPlan.AdamW.of(0.01, 0), 32, LENGTH, 0), LoraPlan.of(2));
        try (ModelDirectory base = ModelDirectory.open(directory.resolve("base"));
                Tuner tuner = Tuner.begin(base, plan, ConversationLessons.of(taught))) {
            assertThat(20 * tuner.trainedNumbers()).isLessThan(tuner.model().config().parameters());
        }
        double[] loss = tuned(plan, 40);
        assertThat(loss[1]).isLessThan(loss[0] - 0.25);
    }

    private static double[] tuned(TuningPlan plan, int steps) {
        try (ModelDirectory base = ModelDirectory.open(directory.resolve("base"));
                Tuner tuner = Tuner.begin(base, plan, ConversationLessons.of(taught))) {
            double before = SCORING.loss(tuner.model(), heldOut.texts()).natsPerToken();
            for (int i = 0; i < steps; i++) {
                tuner.step();
            }
            double after = SCORING.loss(tuner.model(), heldOut.texts()).natsPerToken();
            return new double[] {before, after};
        }
    }

    @Test
    void preferences_raise_the_margin_of_the_right_answer_in_the_right_language() {
        List<Term> french = ProcurementTerms.in("fr");
        Comparisons pairs = pairs(french.stream().filter(term -> !term.heldOut()).toList());
        Comparisons unseen = pairs(french.stream().filter(Term::heldOut).toList());
        TuningPlan plan = TuningPlan.full(plan(OptimizerPlan.AdamW.of(0.0005, 0), 16, LENGTH, 0));
        try (ModelDirectory base = ModelDirectory.open(directory.resolve("base"));
                Llama reference = Llama.load(base)) {
            ReferenceScores scores =
                    ReferenceScores.cached(
                            directory.resolve("reference.json"),
                            reference,
                            pairs,
                            SCORING,
                            _ -> {});
            List<Double> before = sums(reference, unseen);
            try (Tuner tuner =
                    Tuner.begin(
                            base,
                            plan,
                            PreferenceLessons.of(
                                    pairs, new PreferencePlan.Dpo(0.1), Optional.of(scores)))) {
                SortedMap<String, Double> first = tuner.step().figures();
                for (int i = 0; i < 23; i++) {
                    tuner.step();
                }
                SortedMap<String, Double> last = tuner.step().figures();
                assertThat(first.get("margin")).isBetween(-1e-3, 1e-3);
                assertThat(last.get("margin")).isGreaterThan(0.5);
                assertThat(last.get("accuracy")).isGreaterThan(0.8);
                assertThat(margin(before, sums(tuner.model(), unseen))).isGreaterThan(1);
            }
        }
    }

    /** How much more the right answer is preferred than before, in nats. */
    private static double margin(List<Double> before, List<Double> after) {
        double margin = 0;
        for (int i = 0; i < before.size(); i += 2) {
            margin += (after.get(i) - before.get(i)) - (after.get(i + 1) - before.get(i + 1));
        }
        return margin / (before.size() / 2.0);
    }

    private static List<Double> sums(Llama model, Comparisons comparisons) {
        return SCORING.logProbabilities(model, comparisons.texts(), _ -> {}).stream()
                .map(text -> java.util.Arrays.stream(text).sum())
                .toList();
    }

    /** Chosen: the description; rejected: the same in Spanish. */
    private static Comparisons pairs(List<Term> terms) {
        List<Term> spanish = ProcurementTerms.in("es");
        List<PreferencePair> pairs = new ArrayList<>();
        for (Term term : terms) {
            spanish.stream()
                    .filter(other -> other.key().equals(term.key()))
                    .filter(other -> !other.description().equals(term.description()))
                    .findFirst()
                    .ifPresent(other ->
                            pairs.add(
                                    new PreferencePair(
                                            ask(term), term.description(), other.description())));
        }
        return Comparisons.pairs(pairs, TEMPLATE, tokenizer, LENGTH);
    }

    private static TrainingPlan plan(
            OptimizerPlan optimizer, int sequences, int length, long warmup) {
        return new TrainingPlan(
                optimizer,
                new LearningRateSchedule.Constant(warmup),
                sequences,
                length,
                1.0,
                Precision.FP32,
                7,
                1);
    }
}
