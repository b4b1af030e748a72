package dev.tapestry.consortium;

import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.consortium.RoundState.Collecting;
import java.util.Optional;

/** Which contributions a round takes. */
final class AdmissionRules {

    private AdmissionRules() {}

    /** Why a contribution with this manifest cannot be admitted now; empty where it can. */
    static Optional<Refusal> refusal(
            RoundState state, ContributionManifest manifest, Digest planDigest, Charter charter) {
        if (!(state instanceof Collecting collecting) || !manifest.round().equals(state.number())) {
            return LateRules.stale(state, manifest);
        }
        return notExpected(collecting, manifest.member())
                .or(() -> refusal(state.plan(), manifest, planDigest, charter));
    }

    /** Why nothing that was trained by this plan has this manifest; empty where it can be. */
    static Optional<Refusal> refusal(
            RoundPlan plan, ContributionManifest manifest, Digest planDigest, Charter charter) {
        if (!manifest.base().equals(plan.base())) {
            return refuse(
                    Finding.WRONG_BASE,
                    "trained from base %s; fetch base %s and train again"
                            .formatted(manifest.base().abbreviated(), plan.base().abbreviated()));
        }
        if (!manifest.plan().equals(planDigest)) {
            return refuse(
                    Finding.WRONG_PLAN,
                    "trained by plan %s; the round's plan is %s"
                            .formatted(manifest.plan().abbreviated(), planDigest.abbreviated()));
        }
        Optional<CodecName> codec = manifest.update().map(CodedFile::codec);
        if (!codec.equals(plan.up())) {
            return refuse(
                    Finding.WRONG_CODEC,
                    "contributed as %s; the round's plan asks for %s"
                            .formatted(words(codec), words(plan.up())));
        }
        Optional<CodecName> gradient = manifest.gradient().map(CodedFile::codec);
        if (!gradient.equals(plan.gradients().map(SharedGradients::codec))) {
            return refuse(
                    Finding.WRONG_CODEC,
                    "contributed with %s; the round's plan asks for %s"
                            .formatted(
                                    gradientIn(gradient),
                                    gradientIn(plan.gradients().map(SharedGradients::codec))));
        }
        LocalTraining training = plan.training();
        if (manifest.steps() > training.steps() || manifest.tokens() > training.tokensPerRound()) {
            return refuse(
                    Finding.WRONG_PLAN,
                    "trained on %d tokens in %d steps; the plan is %d tokens in %d steps"
                            .formatted(
                                    manifest.tokens(),
                                    manifest.steps(),
                                    training.tokensPerRound(),
                                    training.steps()));
        }
        if (charter.weighting() == Weighting.TOKENS_SQUARED_PER_STEP
                && manifest.tokens() > manifest.steps() * training.tokensPerStep()) {
            return refuse(
                    Finding.WRONG_PLAN,
                    "trained on %d tokens in %d steps; a step of the plan has %d tokens, and fewer steps than were taken would weigh more"
                            .formatted(
                                    manifest.tokens(), manifest.steps(), training.tokensPerStep()));
        }
        if (manifest.sent().bytes() > charter.contributionQuotaBytes()) {
            return refuse(
                    Finding.TOO_LARGE,
                    "%d bytes; the charter allows %d"
                            .formatted(manifest.sent().bytes(), charter.contributionQuotaBytes()));
        }
        if (manifest.trainingBitsPerByte() > charter.qualityFloorBitsPerByte()) {
            return refuse(
                    Finding.BELOW_QUALITY_FLOOR,
                    "training loss %s bits per byte; the charter allows %s"
                            .formatted(
                                    manifest.trainingBitsPerByte(),
                                    charter.qualityFloorBitsPerByte()));
        }
        return Optional.empty();
    }

    /** Why a sound contribution cannot join those that this round already has. */
    static Optional<Refusal> refusal(Collecting state, Contribution contribution) {
        Contribution earlier = state.admitted().get(contribution.member());
        if (earlier != null) {
            return refuse(
                    Finding.ALREADY_ADMITTED,
                    "round %s already has weights %s from %s"
                            .formatted(
                                    state.number(),
                                    earlier.weights().abbreviated(),
                                    earlier.member()));
        }
        return notExpected(state, contribution.member())
                .or(() ->
                        state.admitted().values().stream()
                                .filter(c -> c.weights().equals(contribution.weights()))
                                .findFirst()
                                .map(c -> replay(c.weights())));
    }

    /** Weights that somebody has contributed before. */
    static Refusal replay(Digest weights) {
        return new Refusal(
                Finding.REPLAY,
                "weights %s were contributed before; train from this round's base"
                        .formatted(weights.abbreviated()));
    }

    private static String gradientIn(Optional<CodecName> codec) {
        return codec.map(name -> "a mean gradient in " + name).orElse("no mean gradient");
    }

    private static String words(Optional<CodecName> codec) {
        return codec.map(name -> "an update in " + name).orElse("whole weights");
    }

    static Optional<Refusal> refuse(Finding finding, String detail) {
        return Optional.of(new Refusal(finding, detail));
    }

    static Optional<Refusal> notExpected(Collecting state, MemberId member) {
        if (state.expected().contains(member)) {
            return Optional.empty();
        }
        return state.plan().invited().contains(member)
                ? refuse(
                        Finding.REVOKED,
                        "%s was revoked during round %s".formatted(member, state.number()))
                : refuse(
                        Finding.NOT_INVITED,
                        "round %s does not invite %s".formatted(state.number(), member));
    }
}
