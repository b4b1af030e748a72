package dev.tapestry.app.study.simulation;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.codec.Codec;
import dev.tapestry.weights.codec.CodedUpdate;
import dev.tapestry.weights.codec.Feedback;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A change of weights as it travels: what is sent, what the other end makes of it, and what the
 * codec lost, which goes with the next one once this one counts.
 *
 * @param update the file that is sent
 * @param seen the weights at the other end
 * @param residual what was lost
 */
record CodedChange(Path update, Path seen, Path residual) {

    /**
     * Codes a change of {@code base}.
     *
     * @param before what earlier ones have lost
     * @param folder an empty one, where the outcome goes
     */
    static CodedChange of(
            CodecName codec,
            ModelDirectory base,
            Path changed,
            Optional<Path> before,
            Path folder) {
        Path update = folder.resolve(CodedFile.UPDATE);
        Path seen = folder.resolve("seen");
        Path residual = folder.resolve("residual.safetensors");
        Feedback feedback =
                before.map(lost -> Feedback.next(lost, residual, 1))
                        .orElseGet(() -> Feedback.first(residual));
        try (ModelDirectory after = ModelDirectory.open(changed)) {
            CodedUpdate.encode(Codec.named(codec.value()), base, after, feedback, update, 1);
        }
        CodedUpdate.apply(update, base, seen, 1);
        return new CodedChange(update, seen, residual);
    }
}
