package dev.tapestry.coordinator;

import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.coordinator.BundleReport.Merge;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.coordinator.VerifyBundle.Demands;
import dev.tapestry.coordinator.store.Leadership;
import dev.tapestry.objects.ObjectStore;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.weights.Drafts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * All that anybody needs to merge one round again and to see that it is what became the base.
 *
 * <p>A directory: {@code bundle.zip} is the {@link AuditBundle}, beside it lie the files of the
 * round as in a coordinator's directory: {@code contributions/}, {@code models/} (the base before,
 * the candidate), {@code momenta/} and {@code residuals/} as far as the round has them. Nothing in
 * it is believed but what fits the log.
 */
public final class MergeReceipt {

    private static final String BUNDLE = "bundle.zip";

    private MergeReceipt() {}

    /**
     * What was written.
     *
     * @param round that was merged
     * @param contributions that were merged in it
     * @param bytes of all files
     */
    public record Written(int round, int contributions, long bytes) {}

    /**
     * Writes the receipt of a merge; the directory is there whole or not at all. Also while the
     * coordinator runs.
     *
     * @param target which does not exist
     * @throws CoordinatorException {@code DIRECTORY}; {@code LOG} when there was no such round or
     *     it was not merged; {@code NOT_KEPT} when files of it are no longer here; {@code MODEL} if
     *     one is damaged; {@code STORAGE}
     */
    public static Written write(Path directory, RoundNumber number, Path target) {
        if (Files.exists(target)) {
            throw new CoordinatorException(
                    Code.DIRECTORY, target + " exists; name a new directory for the receipt");
        }
        RoundRecord round = merged(directory, number);
        Path draft = Drafts.beside(target);
        FileTrees.create(draft);
        try {
            fetch(directory, draft, round);
            BundleExport.write(directory, draft.resolve(BUNDLE));
            FileTrees.sync(draft);
            long bytes = FileTrees.bytes(draft);
            FileTrees.move(draft, target);
            return new Written(number.value(), round.admitted().size(), bytes);
        } finally {
            FileTrees.delete(draft);
        }
    }

    private static RoundRecord merged(Path directory, RoundNumber number) {
        RoundHistory history = new RoundHistory();
        CoordinatorLog.requireIn(directory, " (no log.db)");
        try (AuditLog log = AuditLog.in(CoordinatorLog.open(directory))) {
            Ledger.replay(log, history::accept);
        }
        return history.round(number)
                .filter(round -> round.candidate().isPresent())
                .orElseThrow(() ->
                        new CoordinatorException(
                                Code.LOG,
                                "the log tells of no merge in round %s; 'tapestry run status' shows the rounds"
                                        .formatted(number)));
    }

    private static void fetch(Path directory, Path draft, RoundRecord round) {
        CoordinatorDirectory to = new CoordinatorDirectory(draft);
        try (ObjectStore source = Stores.source(directory);
                SharedFiles fetching =
                        new SharedFiles(draft, Optional.of(source), new Leadership.Alone())) {
            BackupFiles files = new BackupFiles(to, fetching);
            Optional<String> missing = files.fetch(Kept.of(round));
            if (missing.isPresent()) {
                throw new CoordinatorException(
                        Code.NOT_KEPT,
                        "%s is not kept any more; keepRounds in coordinator.yaml says how many rounds are"
                                .formatted(missing.get()));
            }
            files.dropManifestsAlone();
            fetching.dropUnfinished();
        }
    }

    /**
     * Verifies the bundle, and merges what the receipt has files of: at least one round, and each
     * of them must become what the log says.
     */
    public static BundleReport verify(Path receipt, Demands demands) {
        BundleReport report =
                VerifyBundle.of(receipt.resolve(BUNDLE), demands.withContributions(receipt));
        List<Merge> merged =
                report.merges().stream()
                        .filter(merge -> merge.outcome() == Merge.Outcome.MATCHES)
                        .toList();
        return report.sound() && merged.isEmpty()
                ? BundleReport.broken(
                        report.consortium(),
                        report.origin(),
                        Optional.empty(),
                        receipt + " has not all files of any round: the receipt is not whole")
                : report.withMerges(merged);
    }
}
