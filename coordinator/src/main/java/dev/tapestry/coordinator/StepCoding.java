package dev.tapestry.coordinator;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.CodedStep;
import dev.tapestry.consortium.Digest;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.codec.Codec;
import dev.tapestry.weights.codec.CodedUpdate;
import dev.tapestry.weights.codec.Feedback;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/**
 * Codes the step from a base to a merged model, and makes the candidate of what was coded: so a
 * member that receives the update has the candidate to the last byte. What the codec loses now is
 * added to the next step.
 *
 * <p>The outer optimiser's state is that of the merge, not of the candidate: momentum does not see
 * what coding loses, or it would count it twice.
 *
 * @param candidate directory of θ − decode(c)
 * @param update the file of c
 * @param residual the file of what c has lost
 * @param step for the log
 */
record StepCoding(Path candidate, Path update, Path residual, CodedStep step) {

    /** Hears, on the threads that work, how many numbers of all are done. */
    interface Headway {
        void at(long done, long all);
    }

    /**
     * Codes; the same inputs give the same bytes.
     *
     * @param base θ, in F32
     * @param merged directory of the merged model
     * @param before digest of the base's residual; empty for 0
     * @param residuals where that one lies
     * @param folder an existing one, where the outcome goes; what an earlier coding left there is
     *     replaced
     */
    static StepCoding run(
            CodecName codec,
            ModelDirectory base,
            Path merged,
            Optional<Digest> before,
            ResidualStore residuals,
            Path folder,
            int threads,
            Headway headway) {
        Path candidate = folder.resolve("coded");
        Path update = folder.resolve(CodedFile.UPDATE);
        Path residual = folder.resolve("residual.safetensors");
        Feedback feedback =
                before.map(residuals::intact)
                        .map(file -> Feedback.next(file, residual, 1))
                        .orElseGet(() -> Feedback.first(residual));
        FileTrees.delete(candidate);
        AtomicLong done = new AtomicLong();
        long all = 2 * base.bytes() / Float.BYTES; // once to code, once to apply
        LongConsumer counted = more -> headway.at(done.addAndGet(more), all);
        try (ModelDirectory theta = ModelDirectory.open(merged)) {
            CodedUpdate.encode(
                    Codec.named(codec.value()), base, theta, feedback, update, threads, counted);
        }
        CodedUpdate.apply(update, base, candidate, threads, counted);
        return new StepCoding(
                candidate,
                update,
                residual,
                new CodedStep(codec, before, ResidualStore.digest(residual)));
    }
}
