package dev.tapestry.app.command;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.BytePairTrainer;
import dev.tapestry.corpus.TrainedTokenizer;
import dev.tapestry.training.Llama;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.weights.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The smallest model and corpus with which everything works. */
final class Tiny {

    private static final String[] WORDS =
            "the committee shall vote on water and law before every session of its members"
                    .split(" ");

    private Tiny() {}

    static Path corpus(Path directory, String uses) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(
                directory.resolve("card.yaml"),
                """
                name: Minutes
                licence: CC0-1.0
                category: open
                language: en
                residency: EU
                permitted-uses: [%s]
                text-format: lines
                """
                        .formatted(uses));
        Random random = new Random(5);
        Files.writeString(
                directory.resolve("minutes.txt"),
                IntStream.range(0, 200)
                        .mapToObj(_ ->
                                IntStream.range(0, 12)
                                        .mapToObj(_ -> WORDS[random.nextInt(WORDS.length)])
                                        .collect(Collectors.joining(" ")))
                        .collect(Collectors.joining("\n")));
        return directory;
    }

    static Path model(Path directory) {
        BytePairTrainer trainer = new BytePairTrainer(270);
        trainer.add(String.join(" ", WORDS).repeat(3));
        TrainedTokenizer trained = trainer.train();
        ByteLevelTokenizer tokenizer = trained.tokenizer();
        LlamaConfig shape =
                LlamaConfig.small(trained.vocabSize(), 8, 16, 1, 2, 1, 64)
                        .withDocumentTokens(tokenizer.beginOfText(), tokenizer.endOfText());
        try (Llama llama = Llama.fresh(shape, 3)) {
            llama.saveTo(directory, DType.F32);
        }
        trained.write(directory);
        return directory;
    }
}
