package dev.tapestry.coordinator;

import dev.tapestry.aggregation.MergeVerification;
import dev.tapestry.aggregation.MergeVerification.Differs;
import dev.tapestry.aggregation.MergeVerification.Matches;
import dev.tapestry.aggregation.OuterState;
import dev.tapestry.aggregation.RoundStatistics;
import dev.tapestry.aggregation.weighting.Apportionment;
import dev.tapestry.aggregation.weighting.Apportionment.Apportioned;
import dev.tapestry.aggregation.weighting.Apportionment.Refused;
import dev.tapestry.consortium.Candidate;
import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.CodedStep;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeFigures;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.PartSums;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Merges a round again from what the log says and the files that are kept, and compares: offline,
 * believing nothing but the log. Also while the coordinator runs.
 */
public final class VerifyMerge {

    private final Path root;
    private final Charter charter;
    private final ModelStore models;
    private final ResidualStore residuals;
    private final ContributionStore contributions;
    private final MergeWork work;

    private VerifyMerge(CoordinatorDirectory directory, SharedFiles shared, Charter charter) {
        this.root = directory.root();
        this.charter = charter;
        this.models = new ModelStore(directory.models(), shared);
        this.contributions = new ContributionStore(directory.contributions(), models, shared);
        this.residuals = new ResidualStore(directory.residuals(), shared);
        this.work = new MergeWork(models, contributions, directory.momenta(), residuals, shared);
    }

    /**
     * Verifies the merge of a round in a coordinator's directory.
     *
     * @return whether contributions, weights and candidate are those in the log, and the candidate
     *     is what was published, if anything was
     * @throws CoordinatorException {@code NOT_KEPT} when files of the round were purged; {@code
     *     LOG} when there was no such round or it has no candidate
     */
    public static MergeVerification of(Path directory, RoundNumber number) {
        RoundHistory history = new RoundHistory();
        Charter charter;
        try (AuditLog log = AuditLog.in(CoordinatorLog.open(directory))) {
            charter = Ledger.replay(log, history::accept).consortium().charter();
        }
        RoundRecord round =
                history.round(number)
                        .orElseThrow(() ->
                                new CoordinatorException(
                                        Code.LOG, "the log has no round " + number));
        return of(directory, charter, round);
    }

    /** The same of a round that another copy of the log tells of, with the files in a directory. */
    static MergeVerification of(Path directory, Charter charter, RoundRecord round) {
        CoordinatorDirectory place = new CoordinatorDirectory(directory);
        try (SharedFiles shared = Stores.readableFiles(directory)) {
            return new VerifyMerge(place, shared, charter).verify(round);
        }
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
        round.published().ifPresent(base -> differences.addAll(published(base, candidate)));
        round.models().distinct().forEach(model -> differences.addAll(models.differences(model)));
        differences.addAll(states(round));
        if (!differences.isEmpty()) {
            return new Differs(differences);
        }
        ModelManifest merged =
                models.manifest(candidate.model())
                        .orElseThrow(() ->
                                new CoordinatorException(
                                        Code.NOT_KEPT,
                                        "the candidate of round %s is no longer kept"
                                                .formatted(round.number())));
        MergeVerification verification =
                work.withOrder(
                        round,
                        logged,
                        root.resolve("verifying-late-" + UUID.randomUUID()),
                        order ->
                                MergeVerification.verify(
                                        order,
                                        merged,
                                        candidate.momentum(),
                                        root,
                                        again -> {
                                            gradient(round, logged, again, candidate)
                                                    .ifPresent(differences::add);
                                            return coded(round, candidate, again, differences);
                                        }));
        if (differences.isEmpty() && verification instanceof Matches(RoundStatistics statistics)) {
            measured(candidate.figures(), statistics.figures()).ifPresent(differences::add);
        }
        return differences.isEmpty() ? verification : new Differs(differences);
    }

    /** What of the numbers that are kept between merges is not what the log names. */
    private List<String> states(RoundRecord round) {
        Path momenta = new CoordinatorDirectory(root).momenta();
        return Stream.concat(
                        round.momenta()
                                .map(digest -> OuterState.in(momenta, digest))
                                .filter(state -> Files.exists(state.directory()))
                                .filter(state -> !state.isIntact())
                                .map(state -> "outer state " + state.digest().abbreviated()),
                        round.residuals()
                                .filter(residuals::isDamaged)
                                .map(residual -> "residual " + residual.abbreviated()))
                .map(what -> what + ": its files are others")
                .toList();
    }

    /** What the log says otherwise of the merge's figures than merging once more. */
    private static Optional<String> measured(MergeFigures logged, MergeFigures again) {
        return logged.equals(again)
                ? Optional.empty()
                : Optional.of(
                        "figures: the log has %s, merged again they are %s"
                                .formatted(logged, again));
    }

    /** Codes the step once more; what the log says otherwise of it is added to the differences. */
    private Path coded(
            RoundRecord round, Candidate candidate, Path merged, List<String> differences) {
        Optional<StepCoding> coding =
                work.code(
                        round,
                        merged,
                        merged.resolveSibling("."),
                        Runtime.getRuntime().availableProcessors(),
                        (_, _) -> {});
        Optional<CodedStep> step = coding.map(StepCoding::step);
        if (!step.equals(candidate.step())) {
            differences.add(
                    "step: the log has %s, coded again it is %s"
                            .formatted(words(candidate.step()), words(step)));
        }
        return coding.map(StepCoding::candidate).orElse(merged);
    }

    /** What the log says otherwise of the mean gradient than its being merged once more. */
    private Optional<String> gradient(
            RoundRecord round,
            SequencedMap<MemberId, Double> weights,
            Path merged,
            Candidate candidate) {
        Optional<Digest> again =
                work.gradient(
                                round,
                                weights,
                                merged.resolveSibling("."),
                                Runtime.getRuntime().availableProcessors())
                        .map(coded -> CanonicalJson.digest(Manifests.of(coded)));
        return again.equals(candidate.gradient())
                ? Optional.empty()
                : Optional.of(
                        "gradient: the log has %s, merged again it is %s"
                                .formatted(words(candidate.gradient()), words(again)));
    }

    /** Whether the charter gives the weights that were used. */
    private List<String> weighed(RoundRecord round, SequencedMap<MemberId, Double> logged) {
        Apportionment lawful = Apportionment.of(charter, round.admitted());
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

    /** Whether the base is the candidate that the members scored, and no other. */
    private static List<String> published(BasePublished base, Candidate candidate) {
        List<String> differences = new ArrayList<>();
        if (!base.base().equals(candidate.model())) {
            differences.add(
                    "base: published %s, the candidate is %s"
                            .formatted(base.base(), candidate.model()));
        }
        if (!base.momentum().equals(candidate.momentum())) {
            differences.add(
                    "momentum: published %s, the candidate's is %s"
                            .formatted(words(base.momentum()), words(candidate.momentum())));
        }
        return differences;
    }

    private static String words(Optional<?> known) {
        return known.map(Object::toString).orElse("nothing");
    }

    /** Whether a contribution is what its member signed, in the log and in the files. */
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
            if (!SignedManifest.isOf(envelope, contribution)) {
                return List.of(contribution.member() + ": the signed manifest is another one");
            }
            ContributionManifest manifest =
                    SignedManifest.open(
                            envelope, round.keys().getOrDefault(contribution.member(), ""));
            List<String> differences =
                    new ArrayList<>(
                            SignedManifest.differences(
                                    manifest, round.trainedBy(contribution), contribution));
            Stream.concat(
                            Stream.of(manifest.weights()),
                            models.manifest(manifest.base()).stream()
                                    .map(_ -> contributions.ofBase(manifest)))
                    .flatMap(files -> Manifests.verify(folder, files).stream())
                    .filter(problem -> problem.difference() != Manifests.Difference.UNEXPECTED)
                    .map(problem ->
                            contribution.member() + ": " + problem.path() + " " + problem.detail())
                    .forEach(differences::add);
            manifest.update()
                    .map(CodedFile::file)
                    .filter(sent ->
                            !Manifests.isIntact(
                                    ContributionStore.place(folder, sent), sent, new PartSums()))
                    .map(_ -> contribution.member() + ": the coded update is another one")
                    .ifPresent(differences::add);
            manifest.gradient()
                    .map(CodedFile::file)
                    .filter(sent ->
                            !Manifests.isIntact(
                                    ContributionStore.gradient(folder), sent, new PartSums()))
                    .map(_ -> contribution.member() + ": the mean gradient is another one")
                    .ifPresent(differences::add);
            return differences;
        } catch (IOException e) {
            throw CoordinatorException.storage("read", file, e);
        } catch (TrustException | IllegalArgumentException e) {
            return List.of(contribution.member() + ": " + e.getMessage());
        }
    }
}
