package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.training.Precision;
import dev.tapestry.training.Tokens;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** How models did on held-out texts, so that nothing is scored twice: a file for each. */
final class LossBook {

    private final Path folder;
    private final HeldOutEvaluation evaluation;

    /** All that a loss depends on. */
    private record Question(
            Digest model, Digest text, int sequence, long tokens, Precision precision) {}

    /** A loss with what it is an answer to. */
    private record Answer(Question question, double bitsPerByte) {}

    /** Keeps losses in a folder, which need not exist. */
    LossBook(Path folder, HeldOutEvaluation evaluation) {
        this.folder = folder;
        this.evaluation = evaluation;
    }

    /** Bits per byte of a model on a text. */
    double of(Path model, Digest digest, Tokens text, Digest content, int sequence, long tokens) {
        Question question = new Question(digest, content, sequence, tokens, evaluation.precision());
        Path file = folder.resolve(CanonicalJson.digest(question).hex() + ".json");
        return known(file, question)
                .orElseGet(() -> {
                    double bits = evaluation.of(model, text, sequence, tokens).bitsPerByte();
                    SafeFile.write(file, CanonicalJson.write(new Answer(question, bits)));
                    return bits;
                });
    }

    private static Optional<Double> known(Path file, Question question) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            Answer answer = CanonicalJson.read(SafeFile.readBytes(file), Answer.class);
            return Optional.of(answer)
                    .filter(found -> found.question().equals(question))
                    .map(Answer::bitsPerByte);
        } catch (TrustException damaged) {
            return Optional.empty(); // it is scored again
        }
    }
}
