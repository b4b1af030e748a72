package dev.tapestry.app.bench;

import dev.tapestry.corpus.BytePairTrainer;
import dev.tapestry.corpus.TrainedTokenizer;
import dev.tapestry.training.Llama;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * A model of about 10 million parameters and a text of invented words, for benchmarks that train
 * but do not ask what was learnt.
 */
final class TrainingStage {

    private static final int VOCABULARY = 4096;
    private static final int WORDS = 4000;
    private static final int LINES = 20_000;
    private static final int WORDS_IN_LINE = 20;
    private static final String CARD =
            """
            name: "Invented words"
            licence: "CC0-1.0"
            category: open
            language: en
            residency: "any"
            permitted-uses: [contributed-cpt, evaluation]
            text-format: lines
            """;

    private TrainingStage() {}

    /** Writes a fresh model with its tokenizer; returns how many parameters it has. */
    static long base(Path target, int sequenceLength, long seed) {
        BytePairTrainer trainer = new BytePairTrainer(VOCABULARY);
        new SplittableRandom(seed)
                .longs(LINES / 4)
                .forEach(line -> trainer.add(line(new SplittableRandom(line))));
        TrainedTokenizer tokenizer = trainer.train();
        LlamaConfig shape =
                LlamaConfig.small(VOCABULARY, 384, 1024, 6, 6, 2, sequenceLength)
                        .withDocumentTokens(
                                tokenizer.tokenizer().beginOfText(),
                                tokenizer.tokenizer().endOfText());
        try (Llama model = Llama.fresh(shape, seed)) {
            model.saveTo(target, DType.F32);
        }
        try (ModelDirectory written = ModelDirectory.open(target)) {
            Files.write(target.resolve("tokenizer.json"), tokenizer.tokenizerJson());
            return written.tensors().values().stream().mapToLong(TensorSpec::elements).sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes a member's corpus: a text of its own, and a card that lets it be trained on. */
    static void corpus(Path directory, long seed) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("card.yaml"), CARD);
        SplittableRandom random = new SplittableRandom(seed);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < LINES; i++) {
            text.append(line(random.split())).append('\n');
        }
        Files.writeString(directory.resolve("words.txt"), text);
    }

    private static String line(SplittableRandom random) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < WORDS_IN_LINE; i++) {
            line.append(word(random.nextInt(WORDS))).append(' ');
        }
        return line.toString().strip();
    }

    /** Of consonants and vowels in turn, the same for the same number. */
    private static String word(int number) {
        SplittableRandom random = new SplittableRandom(number);
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < 2 + number % 3; i++) {
            word.append("bdfgklmnprstv".charAt(random.nextInt(13)));
            word.append("aeiou".charAt(random.nextInt(5)));
        }
        return word.toString();
    }
}
