package dev.tapestry.coordinator;

import dev.tapestry.aggregation.AggregationException;
import dev.tapestry.aggregation.MergeVerification;
import dev.tapestry.consortium.Charter;
import dev.tapestry.coordinator.BundleReport.Merge;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.weights.WeightsException;
import java.nio.file.Path;
import java.util.List;

/** The rounds that a log tells of, merged again from the files that are kept in a directory. */
final class MergedAgain {

    private MergedAgain() {}

    /** The outcome for each round that has a candidate, the oldest first. */
    static List<Merge> all(Path directory, Charter charter, RoundHistory history) {
        return history.all().stream()
                .filter(round -> round.candidate().isPresent())
                .map(round -> merge(directory, charter, round))
                .toList();
    }

    private static Merge merge(Path directory, Charter charter, RoundRecord round) {
        int number = round.number().value();
        try {
            return switch (VerifyMerge.of(directory, charter, round)) {
                case MergeVerification.Matches _ -> new Merge(number, Merge.Outcome.MATCHES, "");
                case MergeVerification.Differs(var differences) ->
                        new Merge(number, Merge.Outcome.DIFFERS, String.join("; ", differences));
            };
        } catch (CoordinatorException e) {
            if (e.code() == Code.NOT_KEPT) {
                return new Merge(number, Merge.Outcome.NOT_KEPT, String.valueOf(e.getMessage()));
            }
            throw e;
        } catch (AggregationException | WeightsException e) {
            return new Merge(number, Merge.Outcome.DIFFERS, String.valueOf(e.getMessage()));
        }
    }
}
