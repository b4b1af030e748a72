package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.aggregation.MergeVerification.Differs;
import dev.tapestry.aggregation.MergeVerification.Matches;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.MergeRule.Direction;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.trust.signature.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerificationTest {

    @TempDir Path folder;

    @Test
    void anybody_with_the_directory_can_merge_the_kept_rounds_again() throws IOException {
        try (Stage stage =
                new Stage(folder, Stage.charter(2), 2, 2048).withMembers("ada", "bela")) {
            stage.run(3, new MergeRule(0.7, 0.9, Direction.MEAN));
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
                                    stage.directory.resolve("log.db"),
                                    SigningKey.generate().verifyingKey()))
                    .isInstanceOf(VerifyLog.Unsound.class);

            changeOneWeight(stage);
            assertThat(VerifyMerge.of(stage.directory, new RoundNumber(3)))
                    .isInstanceOf(Differs.class);
            stage.resume();
        }
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
