package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.aggregation.MergeVerification.Differs;
import dev.tapestry.aggregation.MergeVerification.Matches;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.RoundAnnounced;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerificationTest {

    private static final RoundNumber ONE = new RoundNumber(1);
    private static final Digest OTHER = Digest.of(new byte[] {1});

    @TempDir Path folder;

    @Test
    void anybody_with_the_directory_can_merge_the_kept_rounds_again() throws IOException {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 2, 2048).withMembers("ada", "bela")) {
            stage.run(3, MergeRule.diLoCo(0.7, 0.9));
            for (int round = 1; round <= 3; round++) {
                int number = round;
                stage.members.forEach(member -> member.takePart(number, member.id.hashCode()));
                stage.members.forEach(member -> member.scoreWell(number));
            }
            stage.member(0).await(3, Phase.PUBLISHED);
            stage.stop();

            assertThat(VerifyMerge.of(stage.directory, new RoundNumber(3)))
                    .isInstanceOf(Matches.class);
            assertThat(VerifyMerge.of(stage.directory, new RoundNumber(2)))
                    .isInstanceOf(Matches.class);
            assertThatThrownBy(() -> VerifyMerge.of(stage.directory, new RoundNumber(1)))
                    .hasMessageContaining("no longer kept");
            assertThat(VerifyLog.of(stage.directory)).isInstanceOf(VerifyLog.Sound.class);
            assertThat(
                            VerifyLog.of(
                                    stage.directory,
                                    Optional.of(SigningKey.generate().verifyingKey()),
                                    List.of()))
                    .isInstanceOf(VerifyLog.Unsound.class);

            changeOneWeight(stage);
            assertThat(VerifyMerge.of(stage.directory, new RoundNumber(3)))
                    .isInstanceOf(Differs.class);
            stage.resume();
        }
    }

    @Test
    void a_coordinator_whose_log_says_otherwise_than_was_merged_or_signed_is_found_out()
            throws IOException {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 2, 2048).withMembers("ada", "bela")) {
            stage.run(1, MergeRule.diLoCo(0.7, 0.9));
            stage.members.forEach(member -> member.takePart(1, member.id.hashCode()));
            stage.members.forEach(member -> member.scoreWell(1));
            stage.member(0).await(1, Phase.PUBLISHED);
            stage.stop();
            ForgedLog log = new ForgedLog(stage.directory);
            assertThat(VerifyMerge.of(stage.directory, ONE)).isInstanceOf(Matches.class);

            log.tell(BasePublished.class, e -> published(e, OTHER, e.momentum()));
            differs(stage, "base: published " + OTHER);
            log.tell(BasePublished.class, e -> published(e, e.base(), Optional.of(OTHER)));
            differs(stage, "momentum: published " + OTHER);
            log.tell(BasePublished.class, e -> published(e, e.base(), Optional.empty()));
            differs(stage, "momentum: published nothing");
            log.tell(ContributionAdmitted.class, e -> admitted(e, e.contribution().envelope(), 1));
            differs(stage, "ada: signed with tokens 320, the log has 1");
            log.tell(ContributionAdmitted.class, VerificationTest::withBetterLoss);
            differs(stage, "ada: signed with training loss 2.5, the log has 0.5");
            log.tell(RoundAnnounced.class, VerificationTest::scoredOnMore);
            differs(stage, "ada: signed with plan");
            signAnother(stage, log, m -> manifest(m, new RoundNumber(2), OTHER));
            differs(stage, "ada: signed with round 2, the log has 1");
            differs(stage, "ada: signed with base " + OTHER);
            log.tellTheTruth();
            stage.resume();
        }
    }

    @Test
    void a_member_that_enrols_again_leaves_its_contributions_to_earlier_rounds_signed() {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 2, 2048).withMembers("ada", "bela")) {
            stage.run(1, MergeRule.fedAvg());
            stage.members.forEach(member -> member.takePart(1, member.id.hashCode()));
            stage.members.forEach(member -> member.scoreWell(1));
            stage.member(0).await(1, Phase.PUBLISHED);
            TestMember.enrol(stage.token("ada"), folder.resolve("ada-again")).close();
            assertThat(VerifyMerge.of(stage.directory, ONE)).isInstanceOf(Matches.class);
            assertThat(VerifyLog.of(stage.directory)).isInstanceOf(VerifyLog.Sound.class);
        }
    }

    @Test
    void what_a_member_signed_with_a_key_that_it_replaced_is_not_admitted() {
        try (Stage stage = new Stage(folder, Stage.charter(1), 2, 2048).withMembers("ada")) {
            stage.run(1, MergeRule.fedAvg());
            TestMember ada = stage.member(0);
            RoundView view = ada.await(1, Phase.COLLECTING);
            Path weights = ada.train(view.plan().orElseThrow(), Stage.SEED);
            ContributionManifest manifest = ada.manifest(view, weights);
            UploadStatus begun = ada.post(1, ada.signed(manifest)).as(200, UploadStatus.class);
            ada.send(manifest.weights(), weights, begun.missing());
            try (TestMember again =
                    TestMember.enrol(stage.token("ada"), folder.resolve("ada-again"))) {
                assertThat(again.seal(1, begun.contribution()).code()).isEqualTo("BAD_SIGNATURE");
                again.takePart(1, Stage.SEED);
                again.await(1, Phase.SCORING);
            }
            assertThat(VerifyMerge.of(stage.directory, ONE)).isInstanceOf(Matches.class);
        }
    }

    private static void differs(Stage stage, String difference) {
        assertThat(VerifyMerge.of(stage.directory, ONE))
                .isInstanceOfSatisfying(
                        Differs.class,
                        differs -> assertThat(differs.toString()).contains(difference));
    }

    private static BasePublished published(
            BasePublished event, Digest base, Optional<Digest> momentum) {
        return new BasePublished(event.round(), base, momentum, event.at());
    }

    private static ContributionAdmitted admitted(
            ContributionAdmitted event, Digest envelope, long tokens) {
        Contribution c = event.contribution();
        return new ContributionAdmitted(
                event.round(),
                new Contribution(
                        c.member(),
                        envelope,
                        c.weights(),
                        tokens,
                        c.trainingBitsPerByte(),
                        c.updateNorm()),
                event.at());
    }

    private static ContributionAdmitted withBetterLoss(ContributionAdmitted event) {
        Contribution c = event.contribution();
        return new ContributionAdmitted(
                event.round(),
                new Contribution(
                        c.member(), c.envelope(), c.weights(), c.tokens(), 0.5, c.updateNorm()),
                event.at());
    }

    private static RoundAnnounced scoredOnMore(RoundAnnounced event) {
        RoundPlan plan = event.plan();
        return new RoundAnnounced(
                new RoundPlan(
                        plan.round(),
                        plan.base(),
                        plan.training(),
                        plan.merge(),
                        plan.scoringTokens() + 1,
                        plan.invited(),
                        plan.closesAt()),
                event.at());
    }

    private static ContributionManifest manifest(
            ContributionManifest m, RoundNumber round, Digest base) {
        return new ContributionManifest(
                        round,
                        m.member(),
                        base,
                        m.plan(),
                        m.weights(),
                        m.tokens(),
                        m.steps(),
                        m.trainingBitsPerByte())
                .on(m.grounds());
    }

    /** Puts something else that the first member has signed in the place of its contribution. */
    private static void signAnother(
            Stage stage, ForgedLog log, UnaryOperator<ContributionManifest> change)
            throws IOException {
        TestMember ada = stage.member(0);
        Path folder = stage.directory.resolve("contributions/1/ada");
        Path contribution;
        try (var contributions = Files.list(folder)) {
            contribution = contributions.findFirst().orElseThrow();
        }
        ContributionManifest signed =
                Envelope.parse(Files.readAllBytes(contribution.resolve(ContributionStore.ENVELOPE)))
                        .open(
                                Protocol.CONTRIBUTION_TYPE,
                                ada.key.verifyingKey(),
                                ContributionManifest.class);
        byte[] envelope = ada.signed(change.apply(signed));
        Path moved = folder.resolve(Digest.of(envelope).hex());
        Files.move(contribution, moved);
        Files.write(moved.resolve(ContributionStore.ENVELOPE), envelope);
        log.tell(
                ContributionAdmitted.class,
                e ->
                        e.contribution().member().equals(ada.id)
                                ? admitted(e, Digest.of(envelope), e.contribution().tokens())
                                : e);
    }

    private static void changeOneWeight(Stage stage) throws IOException {
        RoundRecord round =
                stage.coordinator.ledger().history().round(new RoundNumber(3)).orElseThrow();
        Contribution contribution = round.admitted().values().iterator().next();
        Path file;
        try (var files =
                Files.walk(
                        stage.directory
                                .resolve("contributions/3/ada")
                                .resolve(contribution.envelope().hex()))) {
            file =
                    files.filter(f -> f.toString().endsWith(".safetensors"))
                            .findFirst()
                            .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
    }
}
