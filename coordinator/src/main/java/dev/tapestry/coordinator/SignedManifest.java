package dev.tapestry.coordinator;

import dev.tapestry.consortium.CodedFile;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.SharedGradients;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.VerifyingKey;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a member signed for, and what the log says otherwise. Tokens give weight and the training
 * loss opens the quality floor, so the coordinator must not be the one who says them.
 */
final class SignedManifest {

    private SignedManifest() {}

    /**
     * The manifest in an envelope.
     *
     * @throws TrustException if it is none that {@code key} signed
     */
    static ContributionManifest open(byte[] envelope, String key) {
        return Envelope.parse(envelope)
                .open(
                        Protocol.CONTRIBUTION_TYPE,
                        new VerifyingKey(key),
                        ContributionManifest.class);
    }

    static boolean isOf(byte[] envelope, Contribution contribution) {
        return Digest.of(envelope).equals(contribution.envelope());
    }

    static List<String> differences(
            ContributionManifest manifest, RoundPlan plan, Contribution contribution) {
        MemberId member = contribution.member();
        return Stream.of(
                        differs(member, "member", manifest.member(), member),
                        differs(member, "round", manifest.round(), plan.round()),
                        differs(member, "base", manifest.base(), plan.base()),
                        differs(member, "plan", manifest.plan(), CanonicalJson.digest(plan)),
                        differs(
                                member,
                                "weights",
                                CanonicalJson.digest(manifest.weights()),
                                contribution.weights()),
                        differs(
                                member,
                                "codec",
                                words(manifest.update().map(CodedFile::codec)),
                                words(plan.up())),
                        differs(
                                member,
                                "gradient's codec",
                                words(manifest.gradient().map(CodedFile::codec)),
                                words(plan.gradients().map(SharedGradients::codec))),
                        differs(member, "tokens", manifest.tokens(), contribution.tokens()),
                        differs(
                                member,
                                "steps",
                                manifest.steps(),
                                contribution.steps().orElse(manifest.steps())),
                        differs(
                                member,
                                "training loss",
                                manifest.trainingBitsPerByte(),
                                contribution.trainingBitsPerByte()))
                .flatMap(Optional::stream)
                .toList();
    }

    private static Optional<String> differs(
            MemberId member, String what, Object signed, Object logged) {
        return signed.equals(logged)
                ? Optional.empty()
                : Optional.of(
                        "%s: signed with %s %s, the log has %s"
                                .formatted(member, what, signed, logged));
    }

    private static String words(Optional<?> known) {
        return known.map(Object::toString).orElse("nothing");
    }
}
