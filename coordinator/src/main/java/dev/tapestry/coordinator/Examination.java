package dev.tapestry.coordinator;

import dev.tapestry.aggregation.ContributionValidator;
import dev.tapestry.aggregation.Validation;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.RoundInput;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.WeightsException;
import java.time.InstantSource;
import java.util.Optional;

/**
 * Examines an upload that is complete: it is decoded onto its base where it was sent coded, and
 * held against the base, tensor by tensor.
 *
 * @param ledger tells the charter, and what the round asked for
 * @param models where the base lies
 */
record Examination(Ledger ledger, ModelStore models, InstantSource clock) {

    /**
     * What was found. Who is refused is examined once more on a base that was read before and is
     * read again behind it, or a sound contribution would be refused for our own damage; also for
     * one that was mended while it was examined.
     */
    RoundInput of(Upload upload) {
        RoundInput found = once(upload);
        if (found instanceof RoundInput.Unsound) {
            Digest base = upload.manifest().base();
            models.requireIntact(base);
            found = once(upload);
            models.requireIntact(base);
        }
        return found;
    }

    private RoundInput once(Upload upload) {
        try (ModelDirectory base = models.open(upload.manifest().base())) {
            return on(base, upload);
        }
    }

    private RoundInput on(ModelDirectory base, Upload upload) {
        ContributionManifest manifest = upload.manifest();
        Optional<Refusal> undecodable =
                UpdateDecoding.decode(upload.folder(), manifest, base, models.sums())
                        .or(() -> gradient(upload, base));
        if (undecodable.isPresent()) {
            return new RoundInput.Unsound(manifest.member(), undecodable.get(), clock.instant());
        }
        double band = ledger.snapshot().consortium().charter().maxRelativeUpdateNorm();
        try (ModelDirectory weights = ModelDirectory.open(upload.folder())) {
            return switch (new ContributionValidator(band).validate(base, weights)) {
                case Validation.Sound sound ->
                        new RoundInput.Contributed(
                                new Contribution(
                                        manifest.member(),
                                        upload.contribution(),
                                        CanonicalJson.digest(manifest.weights()),
                                        manifest.tokens(),
                                        Optional.of(manifest.steps()),
                                        manifest.trainingBitsPerByte(),
                                        sound.updateNorm()),
                                clock.instant());
                case Validation.Unsound unsound ->
                        new RoundInput.Unsound(
                                manifest.member(), unsound.refusal(), clock.instant());
            };
        } catch (WeightsException e) {
            if (e.code() == WeightsException.Code.IO) {
                throw CoordinatorException.storage("read", upload.folder(), e);
            }
            return new RoundInput.Unsound(
                    manifest.member(),
                    new Refusal(Finding.MALFORMED, String.valueOf(e.getMessage())),
                    clock.instant());
        }
    }

    private Optional<Refusal> gradient(Upload upload, ModelDirectory base) {
        return ledger.history()
                .round(upload.manifest().round())
                .flatMap(round ->
                        UpdateDecoding.gradient(
                                upload.folder(),
                                upload.manifest(),
                                base,
                                round.plan().training().clipNorm()));
    }
}
