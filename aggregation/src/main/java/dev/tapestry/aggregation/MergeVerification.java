package dev.tapestry.aggregation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.weights.Manifests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Whether a published base is exactly the merge that the log says it is. */
public sealed interface MergeVerification {

    /**
     * It is, to the last byte.
     *
     * @param statistics of the merge, to be compared with those in the log
     */
    record Matches(RoundStatistics statistics) implements MergeVerification {}

    /**
     * It is not.
     *
     * @param differences by file: what was published and what the merge gives
     */
    record Differs(List<String> differences) implements MergeVerification {
        public Differs {
            differences = List.copyOf(differences);
        }
    }

    /**
     * Merges the order again and compares digests.
     *
     * @param published manifest of the published base
     * @param state digest of the published outer state; empty where the rule keeps none
     * @param folder an existing directory with room for the model and the outer state; nothing is
     *     left in it
     */
    static MergeVerification verify(
            MergeOrder order, ModelManifest published, Optional<Digest> state, Path folder) {
        return verify(order, published, state, folder, UnaryOperator.identity());
    }

    /**
     * The same where the candidate is made of the merged model.
     *
     * @param finish gives the candidate's directory for the merged model's; what it writes beside
     *     that one is not left either
     */
    static MergeVerification verify(
            MergeOrder order,
            ModelManifest published,
            Optional<Digest> state,
            Path folder,
            UnaryOperator<Path> finish) {
        try {
            Path scratch = Files.createTempDirectory(folder, "verify-merge-");
            try {
                MergeOutcome outcome = Merge.run(order, scratch.resolve("candidate"));
                Path candidate = finish.apply(outcome.candidate());
                List<String> differences = new ArrayList<>();
                for (Manifests.Problem problem : Manifests.verify(candidate, published)) {
                    differences.add(problem.path() + " as merged again: " + problem.detail());
                }
                Optional<Digest> found = outcome.state().map(OuterState::digest);
                if (!found.equals(state)) {
                    differences.add(
                            "momentum: published %s, merged %s"
                                    .formatted(words(state), words(found)));
                }
                return differences.isEmpty()
                        ? new Matches(outcome.statistics())
                        : new Differs(differences);
            } finally {
                MergeFolder.delete(scratch);
            }
        } catch (IOException e) {
            throw new AggregationException(
                    AggregationException.Code.IO, "cannot merge again in " + folder + ": " + e, e);
        }
    }

    private static String words(Optional<Digest> digest) {
        return digest.map(Digest::hex).orElse("nothing");
    }
}
