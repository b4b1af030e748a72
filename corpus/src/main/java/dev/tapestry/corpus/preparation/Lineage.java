package dev.tapestry.corpus.preparation;

import dev.tapestry.consortium.Digest;
import java.util.List;
import java.util.Optional;

/**
 * What came from what: {@code lineage.json}.
 *
 * @param program the version of the steps; another one may make other bytes of the same
 * @param plan the digest of {@link PlanText}: every setting and every source's card
 * @param constitution the digest of what protects domains, if a constitution did
 * @param inputs the files that were read
 * @param outputs the files that were written
 */
public record Lineage(
        String program,
        Digest plan,
        Optional<Digest> constitution,
        List<Input> inputs,
        List<Output> outputs) {

    public Lineage {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
    }

    /**
     * A file that was read.
     *
     * @param source its source in the plan, or the evaluation set
     * @param file relative to it
     * @param sha256 of its bytes
     */
    public record Input(String source, String file, long bytes, Digest sha256) {}

    /**
     * A file that was written.
     *
     * @param file relative to the target
     * @param sha256 of its bytes
     */
    public record Output(String file, long bytes, Digest sha256) {}
}
