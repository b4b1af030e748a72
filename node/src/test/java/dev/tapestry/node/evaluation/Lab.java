package dev.tapestry.node.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.corpus.BytePairTrainer;
import dev.tapestry.corpus.TrainedTokenizer;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.training.Llama;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.training.Precision;
import dev.tapestry.weights.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** A directory with a tiny model, where suites are written and given to it. */
record Lab(Path directory) {

    private static final String WORDS =
            "The council votes on water. Which answer is right? Question: Answer: yes no never"
                    + " often ";

    /** A model with random weights, the same for the same seed. */
    Path model(long seed) {
        Path model = directory.resolve("model-" + seed);
        if (Files.exists(model)) {
            return model;
        }
        BytePairTrainer trainer = new BytePairTrainer(320);
        trainer.add(WORDS.repeat(3));
        TrainedTokenizer trained = trainer.train();
        LlamaConfig shape =
                LlamaConfig.small(trained.vocabSize(), 16, 32, 1, 2, 1, 256)
                        .withDocumentTokens(
                                trained.tokenizer().beginOfText(), trained.tokenizer().endOfText());
        try (Llama llama = Llama.fresh(shape, seed)) {
            llama.saveTo(model, DType.F32);
        }
        trained.write(model);
        return model;
    }

    /** A suite with these tasks. */
    Path suite(String tasks) throws IOException {
        file("suite/suite.yaml", "name: exam\nlicence: CC0-1.0\ntasks:\n" + tasks.indent(2));
        return directory.resolve("suite");
    }

    Path file(String name, String text) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.resolveSibling("."));
        return Files.writeString(file, text);
    }

    EvaluationResult measured(Path model, Path suite) {
        return measured(model, suite, ResultBook.NONE, NodeProgress.silent(), new StopSignal());
    }

    EvaluationResult measured(
            Path model, Path suite, ResultBook book, NodeProgress progress, StopSignal stop) {
        return new EvaluationRun(
                        Compute.of(1, Precision.FP32), progress, stop, InstantSource.system())
                .of(model, List.of(Suite.open(suite)), 1, Optional.empty(), book);
    }

    static void refused(String words, ThrowingCallable work) {
        assertThatThrownBy(work)
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> assertThat(e.code()).isEqualTo(NodeException.Code.CONFIG_INVALID))
                .hasMessageContaining(words);
    }
}
