package dev.tapestry.coordinator;

import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.Manifests.Difference;
import dev.tapestry.weights.PartSums;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Optional;

/**
 * Whether the files of a contribution that came from a store are those that were admitted: the log
 * names the digest of the signed envelope, the envelope those of all files.
 */
final class FetchedContribution {

    private FetchedContribution() {}

    /** Refuses a folder whose files are not those of the contribution. */
    static void check(Path folder, Contribution admitted) {
        difference(folder, admitted)
                .ifPresent(difference -> {
                    throw new CoordinatorException(
                            Code.MODEL,
                            "the contribution of %s is damaged in the store, restore it from a backup: %s"
                                    .formatted(admitted.member(), difference));
                });
    }

    private static Optional<String> difference(Path folder, Contribution admitted) {
        Path file = folder.resolve(ContributionStore.ENVELOPE);
        try {
            byte[] envelope = Files.readAllBytes(file);
            if (!Digest.of(envelope).equals(admitted.envelope())) {
                return Optional.of("the signed manifest is another one");
            }
            // Signed it was when it was admitted; its digest is in the log since.
            ContributionManifest manifest =
                    CanonicalJson.read(
                            Base64.getDecoder().decode(Envelope.parse(envelope).payload()),
                            ContributionManifest.class);
            return Manifests.verify(folder, manifest.weights()).stream()
                    .filter(problem -> problem.difference() != Difference.UNEXPECTED)
                    .map(problem -> problem.path() + " " + problem.detail())
                    .findFirst()
                    .or(() ->
                            manifest.gradient()
                                    .map(CodedFile::file)
                                    .filter(sent ->
                                            !Manifests.isIntact(
                                                    ContributionStore.gradient(folder),
                                                    sent,
                                                    new PartSums()))
                                    .map(_ -> "the mean gradient is another one"));
        } catch (IOException e) {
            throw CoordinatorException.storage("read", file, e);
        } catch (TrustException | IllegalArgumentException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }
}
