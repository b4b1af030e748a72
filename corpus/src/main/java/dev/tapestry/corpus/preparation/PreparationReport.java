package dev.tapestry.corpus.preparation;

import dev.tapestry.consortium.Digest;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * What was done: {@code report.json}. It holds counts and names, never a piece of text.
 *
 * @param name of the prepared data set
 * @param plan as in {@link Lineage}
 * @param malformedLines lines that were no documents
 * @param malformedPlaces where the first of them stand
 * @param steps in their order; what a step dropped is counted by reason
 * @param domains in the order of their names
 * @param train what may be trained on, repeats included
 * @param heldOut what is only ever scored
 */
public record PreparationReport(
        String name,
        Digest plan,
        long malformedLines,
        List<String> malformedPlaces,
        List<StepCount> steps,
        List<DomainCount> domains,
        Side train,
        Side heldOut) {

    public PreparationReport {
        malformedPlaces = List.copyOf(malformedPlaces);
        steps = List.copyOf(steps);
        domains = List.copyOf(domains);
    }

    /**
     * What a step did.
     *
     * @param step its word in the plan
     * @param bytesIn of text in UTF-8
     * @param dropped documents by reason; one document may have several
     * @param findings what was found in those that were kept, and how often
     */
    public record StepCount(
            String step,
            long documentsIn,
            long bytesIn,
            long documentsOut,
            long bytesOut,
            SortedMap<String, Long> dropped,
            SortedMap<String, Long> findings) {}

    /**
     * A domain in the mixture.
     *
     * @param documents that may be trained on
     * @param bytes of their text
     * @param repeats how often each is trained on
     */
    public record DomainCount(String domain, long documents, long bytes, double repeats) {}

    /**
     * One side of the split.
     *
     * @param tokens ends of documents included; 0 without a tokenizer
     */
    public record Side(long documents, long bytes, long tokens) {}

    /** A step by its word. */
    public StepCount step(String word) {
        return steps.stream()
                .filter(step -> step.step().equals(word))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException(
                                "there was no step '%s' but %s"
                                        .formatted(
                                                word,
                                                steps.stream().map(StepCount::step).toList())));
    }

    /** What was dropped by a step, by reason. */
    public Map<String, Long> dropped(String word) {
        return step(word).dropped();
    }
}
