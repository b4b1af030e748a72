package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.Grounds;
import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.RoundInput;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/**
 * Which contributions are taken, by what their manifests say: asked before anything is sent, and
 * again when all of it is here, for much may have happened meanwhile.
 *
 * @param ledger tells what the members saw of the log
 * @param store knows what of a contribution it cannot take
 */
record UploadRules(Ledger ledger, ContributionStore store, InstantSource clock) {

    /** Why a contribution is not one that can be admitted, as far as its manifest tells. */
    Optional<Refusal> refusal(Consortium consortium, ContributionManifest manifest) {
        Digest weights = CanonicalJson.digest(manifest.weights());
        return consortium
                .refusal(manifest, weights, CanonicalJson::digest, clock.instant())
                .or(() -> ungrounded(consortium, manifest))
                .or(() ->
                        admitted(consortium, manifest).isPresent()
                                ? Optional.empty()
                                : store.refusal(manifest));
    }

    /** Whether the member relied on another charter, saw another history, or does not say. */
    private Optional<Refusal> ungrounded(Consortium consortium, ContributionManifest manifest) {
        AuditLog log = ledger.log();
        return Grounds.refusal(
                manifest.grounds(),
                CanonicalJson.digest(consortium.charter()),
                size -> size <= log.size() ? Optional.of(log.root(size)) : Optional.empty());
    }

    /**
     * By a charter that takes contributions late, one that cannot be taken now is not refused.
     *
     * @throws ApiRefusal {@code ROUND_CLOSED}: it is to be sent again
     */
    void requireCollecting(Consortium consortium, ContributionManifest manifest) {
        if (admitted(consortium, manifest).isEmpty()) {
            consortium
                    .waitsUntil(manifest.round(), manifest.member(), clock.instant())
                    .ifPresent(until -> {
                        throw new ApiRefusal(
                                ApiCode.ROUND_CLOSED,
                                "round %s has closed; send this again when the next one collects, until %s"
                                        .formatted(manifest.round(), until));
                    });
        }
    }

    /**
     * What was found when an upload was examined, as it counts now: its member may have replaced
     * its key meanwhile, or another round may have begun.
     */
    RoundInput asOf(Consortium consortium, Upload upload, RoundInput found) {
        return byItsKey(consortium, upload, inItsRound(consortium, upload, found));
    }

    private RoundInput inItsRound(Consortium consortium, Upload upload, RoundInput input) {
        if (!(input instanceof RoundInput.Contributed(Contribution contribution, Instant at))) {
            return input;
        }
        ContributionManifest manifest = upload.manifest();
        boolean waits = consortium.waitsUntil(manifest.round(), manifest.member(), at).isPresent();
        return refusal(consortium, manifest)
                .filter(_ -> !waits)
                .<RoundInput>map(stale -> new RoundInput.Unsound(manifest.member(), stale, at))
                .orElseGet(() ->
                        new RoundInput.Contributed(
                                contribution.with(consortium.lateness(manifest.round())), at));
    }

    /**
     * Refuses what was signed with a key that the member has replaced since: a contribution must
     * bear the signature of the key that the log gives its member when it is admitted.
     */
    private static RoundInput byItsKey(Consortium consortium, Upload upload, RoundInput input) {
        Member member = consortium.members().get(upload.manifest().member());
        return member == null
                        || member.signingKey().equals(upload.signingKey())
                        || !(input instanceof RoundInput.Contributed)
                ? input
                : new RoundInput.Unsound(
                        member.id(),
                        new Refusal(
                                Finding.BAD_SIGNATURE,
                                "signed with a key that %s has replaced since; sign the manifest again"
                                        .formatted(member.id())),
                        input.at());
    }

    /** The contribution of the current round that has the same weights. */
    static Optional<Contribution> admitted(Consortium consortium, ContributionManifest manifest) {
        return consortium
                .round()
                .flatMap(state ->
                        Optional.ofNullable(state.admitted().get(manifest.member()))
                                .filter(c -> c.trainedIn(state.number()).equals(manifest.round())))
                .filter(c -> c.weights().equals(CanonicalJson.digest(manifest.weights())));
    }
}
