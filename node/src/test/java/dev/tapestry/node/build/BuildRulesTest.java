package dev.tapestry.node.build;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.Compute;
import dev.tapestry.training.Device;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is kept, what breaks a gate, and what is made anew. */
class BuildRulesTest {

    private static final EvaluationPlan GATES =
            new EvaluationPlan(
                    "own",
                    Optional.of("open"),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.of(5.0),
                    Optional.of(2.0),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty());

    private static BuildResult.Loss loss(double own) {
        return new BuildResult.Loss(own, Optional.of(1.0));
    }

    @Test
    void of_a_model_that_gained_nothing_all_is_kept_or_nothing() {
        assertThat(loss(1.5).keptPercent(loss(2), loss(1))).isEqualTo(50);
        assertThat(loss(2).keptPercent(loss(2), loss(2))).isEqualTo(100);
        assertThat(loss(2.1).keptPercent(loss(2), loss(3))).isEqualTo(100);
        assertThat(loss(3.1).keptPercent(loss(2), loss(3))).isFinite().isLessThan(-1e6);
    }

    @Test
    void a_loss_that_is_no_number_breaks_its_gate() {
        assertThat(Gates.broken(GATES, loss(2), loss(1), true)).isEmpty();
        assertThat(Gates.broken(GATES, loss(2), loss(Double.NaN), true)).isPresent();
        assertThat(
                        Gates.broken(
                                GATES,
                                loss(2),
                                new BuildResult.Loss(1, Optional.of(Double.NaN)),
                                false))
                .isPresent();
    }

    @Test
    void where_the_retained_text_goes_nothing_is_asked_of_it() {
        EvaluationPlan without = GATES.on("other", Optional.empty());
        assertThat(without.maxRetentionLossPercent()).isEmpty();
        assertThat(without.minGainPercent()).contains(5.0);
        assertThat(GATES.on("other", Optional.of("open")).maxRetentionLossPercent()).contains(2.0);
    }

    private static StageOrder order(Compute compute) {
        return StageOrder.of(
                new BuildStage.Pretrain("text", 1, Optional.empty(), Optional.empty()),
                Digest.of(new byte[] {1}),
                List.of(),
                1,
                compute);
    }

    @Test
    void what_rounds_otherwise_is_another_stage_and_what_was_made_in_fp32_stays() {
        Compute plain = Compute.of(1, Precision.FP32);
        StageOrder order = order(plain);
        assertThat(new String(CanonicalJson.write(order), StandardCharsets.UTF_8))
                .doesNotContain("precision", "device");
        assertThat(
                        List.of(
                                order(Compute.of(1, Precision.BF16)),
                                order(plain.withDevice(Device.of("cuda")))))
                .doesNotContain(order)
                .doesNotHaveDuplicates();
    }
}
