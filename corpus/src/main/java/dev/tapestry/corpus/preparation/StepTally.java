package dev.tapestry.corpus.preparation;

import java.util.Map;
import java.util.TreeMap;

/** Counts what a step does; for one thread, then added up. */
final class StepTally {

    private final String name;
    private final TreeMap<String, Long> dropped = new TreeMap<>();
    private final TreeMap<String, Long> findings = new TreeMap<>();
    private long documentsIn;
    private long bytesIn;
    private long documentsOut;
    private long bytesOut;

    StepTally(String name) {
        this.name = name;
    }

    void count(Draft before, Outcome outcome) {
        documentsIn++;
        bytesIn += before.bytes();
        switch (outcome) {
            case Outcome.Kept(Draft after, Map<String, Integer> found) -> {
                documentsOut++;
                bytesOut += after.bytes();
                found.forEach((key, count) -> findings.merge(key, (long) count, Long::sum));
            }
            case Outcome.Dropped(Map<String, Integer> reasons) ->
                    reasons.forEach((key, count) -> dropped.merge(key, (long) count, Long::sum));
        }
    }

    /** A document of so many bytes that a step kept, or dropped for a reason. */
    void count(long bytes, boolean kept, String reason) {
        documentsIn++;
        bytesIn += bytes;
        if (kept) {
            documentsOut++;
            bytesOut += bytes;
        } else {
            dropped.merge(reason, 1L, Long::sum);
        }
    }

    void add(StepTally other) {
        documentsIn += other.documentsIn;
        bytesIn += other.bytesIn;
        documentsOut += other.documentsOut;
        bytesOut += other.bytesOut;
        other.dropped.forEach((key, count) -> dropped.merge(key, count, Long::sum));
        other.findings.forEach((key, count) -> findings.merge(key, count, Long::sum));
    }

    PreparationReport.StepCount count() {
        return new PreparationReport.StepCount(
                name,
                documentsIn,
                bytesIn,
                documentsOut,
                bytesOut,
                new TreeMap<>(dropped),
                new TreeMap<>(findings));
    }
}
