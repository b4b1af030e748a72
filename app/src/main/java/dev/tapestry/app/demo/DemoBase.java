package dev.tapestry.app.demo;

import dev.tapestry.app.text.Cards;
import dev.tapestry.app.text.CorpusDirectory;
import dev.tapestry.app.text.OpenSlice;
import dev.tapestry.app.text.ParliamentDebates;
import dev.tapestry.corpus.BytePairTrainer;
import dev.tapestry.corpus.CorpusPacker;
import dev.tapestry.corpus.CorpusReader;
import dev.tapestry.corpus.HeldOutSplit;
import dev.tapestry.corpus.PackedCorpus;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TokenShard;
import dev.tapestry.corpus.TrainedTokenizer;
import dev.tapestry.training.Device;
import dev.tapestry.training.Evaluation;
import dev.tapestry.training.LearningRateSchedule;
import dev.tapestry.training.Llama;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.training.OptimizerPlan;
import dev.tapestry.training.Precision;
import dev.tapestry.training.StepReport;
import dev.tapestry.training.TextLoss;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.Trainer;
import dev.tapestry.training.TrainingPlan;
import dev.tapestry.weights.DType;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * The recipe of the small open-weights base that the demo's consortium adopts: a byte-level BPE
 * tokenizer and a Llama of about one million parameters, trained on the {@link OpenSlice}.
 */
public final class DemoBase {

    /** Entries of the tokenizer. */
    public static final int VOCABULARY = 2048;

    private static final double PEAK_RATE = 0.01;
    private static final long SEED = 1;

    private DemoBase() {}

    /** The model's shape: about one million parameters. */
    public static LlamaConfig config() {
        return config(128, 384, 4, 4, 2);
    }

    /** Another shape with the same vocabulary. */
    public static LlamaConfig config(
            int width, int inner, int layers, int heads, int keyValueHeads) {
        // The tokenizer's last two ids. Readers of exported files need them: llama.cpp would
        // otherwise take id 11, a comma, for the end of a text.
        return LlamaConfig.small(VOCABULARY, width, inner, layers, heads, keyValueHeads, 512)
                .withDocumentTokens(OptionalInt.of(VOCABULARY - 2), OptionalInt.of(VOCABULARY - 1));
    }

    /** Writes the open slice as a corpus. */
    static Path corpus(Path work) {
        Path directory = work.resolve("open-slice");
        CorpusDirectory.write(
                directory,
                Cards.debates("mul"),
                OpenSlice.documents(ParliamentDebates.byLanguage()));
        return directory;
    }

    /** Trains the tokenizer on the open slice. */
    static TrainedTokenizer tokenizer(Path corpus) {
        BytePairTrainer trainer = new BytePairTrainer(VOCABULARY);
        CorpusReader.open(corpus, PermittedUse.TOKENIZER_TRAINING)
                .forEach(document -> trainer.add(document.text()));
        return trainer.train();
    }

    /**
     * Makes the base.
     *
     * @param out the model's directory, which does not exist yet
     * @param work where corpus and shards go
     * @param config its shape, with the demo's vocabulary
     */
    public static void make(
            Path out,
            Path work,
            LlamaConfig config,
            long tokens,
            int threads,
            Device device,
            Consumer<String> say) {
        Path corpus = corpus(work);
        say.accept("training the tokenizer");
        TrainedTokenizer tokenizer = tokenizer(corpus);
        PackedCorpus packed =
                new CorpusPacker(tokenizer.tokenizer(), new HeldOutSplit(0.02))
                        .pack(
                                CorpusReader.open(corpus, PermittedUse.CONTRIBUTED_CPT),
                                work.resolve("tokens"));
        say.accept(
                "%,d tokens of %,d bytes"
                        .formatted(packed.train().tokens(), packed.train().textBytes()));
        TrainingPlan plan =
                new TrainingPlan(
                                OptimizerPlan.Muon.of(PEAK_RATE, 0.01),
                                new LearningRateSchedule.WarmupStableDecay(
                                        tokens / 50, tokens * 4 / 5, tokens, 0.05),
                                16,
                                128,
                                1.0,
                                Precision.FP32,
                                SEED,
                                threads)
                        .withDevice(device);
        try (TokenShard train = TokenShard.open(packed.train().file());
                TokenShard heldOut = TokenShard.open(packed.heldOut().file());
                Trainer trainer =
                        Trainer.begin(Llama.fresh(config, SEED, device), plan, Tokens.of(train))) {
            long began = System.nanoTime();
            while (trainer.tokensSeen() < tokens) {
                StepReport step = trainer.step();
                if (step.step() % 100 == 0) {
                    say.accept(
                            "step %,d, %,d tokens, loss %.3f, %,.0f tokens/s"
                                    .formatted(
                                            step.step(),
                                            step.tokensSeen(),
                                            step.loss(),
                                            step.tokensSeen() * 1e9 / (System.nanoTime() - began)));
                }
            }
            TextLoss loss =
                    new Evaluation(256, 8, 200_000, Precision.FP32, threads)
                            .of(trainer.model(), Tokens.of(heldOut));
            say.accept(
                    "held-out: %.4f bits per byte on %,d tokens"
                            .formatted(loss.bitsPerByte(), loss.tokens()));
            trainer.exportTo(out, DType.BF16);
        }
        tokenizer.write(out);
    }
}
