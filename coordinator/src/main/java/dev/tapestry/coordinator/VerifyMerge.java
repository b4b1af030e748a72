package dev.tapestry.coordinator;

import dev.tapestry.aggregation.MergeVerification;
import dev.tapestry.aggregation.MergeVerification.Differs;
import dev.tapestry.aggregation.weighting.Apportionment;
import dev.tapestry.aggregation.weighting.Apportionment.Apportioned;
import dev.tapestry.aggregation.weighting.Apportionment.Refused;
import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.VerifyingKey;
import dev.tapestry.weights.Manifests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * Merges a round again from what the log says and the files that are kept, and compares: offline,
 * believing nothing but the log. Also while the coordinator runs.
 */
public final class VerifyMerge {

    private final Path root;
    private final Consortium consortium;
    private final ModelStore models;
    private final ContributionStore contributions;
    private final MergeWork work;

    private VerifyMerge(CoordinatorDirectory directory, Consortium consortium) {
        this.root = directory.root();
        this.consortium = consortium;
        this.models = new ModelStore(directory.models());
        this.contributions = new ContributionStore(directory.contributions(), models);
        this.work = new MergeWork(models, contributions, directory.momenta());
    }

    /**
     * Verifies the merge of a round in a coordinator's directory.
     *
     * @return whether contributions, weights and candidate are those in the log
     * @throws CoordinatorException {@code NOT_KEPT} when files of the round were purged; {@code
     *     LOG} when there was no such round or it has no candidate
     */
    public static MergeVerification of(Path directory, RoundNumber number) {
        CoordinatorDirectory place = new CoordinatorDirectory(directory);
        RoundHistory history = new RoundHistory();
        Consortium consortium;
        try (AuditLog log = AuditLog.readOnly(place.log())) {
            consortium = Ledger.replay(log, history).consortium();
        }
        RoundRecord round =
                history.round(number)
                        .orElseThrow(() ->
                                new CoordinatorException(
                                        Code.LOG, "the log has no round " + number));
        return new VerifyMerge(place, consortium).verify(round);
    }

    private MergeVerification verify(RoundRecord round) {
        Candidate candidate =
                round.candidate()
                        .orElseThrow(() ->
                                new CoordinatorException(
                                        Code.LOG,
                                        "round %s has no candidate".formatted(round.number())));
        SequencedMap<MemberId, Double> logged = new TreeMap<>();
        candidate.weights().forEach(weight -> logged.put(weight.member(), weight.value()));
        List<String> differences = new ArrayList<>(weighed(round, logged));
        round.admitted().values().forEach(c -> differences.addAll(signed(round, c)));
        if (!differences.isEmpty()) {
            return new Differs(differences);
        }
        ModelManifest published =
                models.manifest(candidate.model())
                        .orElseThrow(() ->
                                new CoordinatorException(
                                        Code.NOT_KEPT,
                                        "the candidate of round %s is no longer kept"
                                                .formatted(round.number())));
        return work.withOrder(
                round,
                logged,
                order -> MergeVerification.verify(order, published, candidate.momentum(), root));
    }

    /** Whether the charter gives the weights that were used. */
    private List<String> weighed(RoundRecord round, SequencedMap<MemberId, Double> logged) {
        Apportionment lawful = MergeWork.weights(round, consortium.charter());
        return switch (lawful) {
            case Refused(String detail) -> List.of("weights: " + detail);
            case Apportioned(SequencedMap<MemberId, Double> weights) ->
                    weights.equals(logged)
                            ? List.of()
                            : List.of(
                                    "weights: used %s, the charter gives %s"
                                            .formatted(logged, weights));
        };
    }

    /** Whether a contribution's files are those that its member signed and the log names. */
    private List<String> signed(RoundRecord round, Contribution contribution) {
        Path folder = contributions.folder(round.number(), contribution);
        Path file = folder.resolve(ContributionStore.ENVELOPE);
        if (!Files.exists(file)) {
            throw new CoordinatorException(
                    Code.NOT_KEPT,
                    "the contribution of %s to round %s is no longer kept"
                            .formatted(contribution.member(), round.number()));
        }
        try {
            byte[] envelope = Files.readAllBytes(file);
            if (!Digest.of(envelope).equals(contribution.envelope())) {
                return List.of(contribution.member() + ": the signed manifest is another one");
            }
            Member member = consortium.members().get(contribution.member());
            ContributionManifest manifest =
                    Envelope.parse(envelope)
                            .open(
                                    Protocol.CONTRIBUTION_TYPE,
                                    new VerifyingKey(member == null ? "" : member.signingKey()),
                                    ContributionManifest.class);
            return Manifests.verify(folder, manifest.weights()).stream()
                    .filter(problem -> problem.difference() != Manifests.Difference.UNEXPECTED)
                    .map(problem ->
                            contribution.member() + ": " + problem.path() + " " + problem.detail())
                    .toList();
        } catch (IOException e) {
            throw CoordinatorException.storage("read", file, e);
        } catch (TrustException | IllegalArgumentException e) {
            return List.of(contribution.member() + ": " + e.getMessage());
        }
    }
}
