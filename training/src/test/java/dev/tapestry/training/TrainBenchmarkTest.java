package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TrainBenchmarkTest {

    private static final OptimizerPlan ADAMW = OptimizerPlan.AdamW.of(0.002, 0.1);

    @Test
    void a_run_measures_speed_memory_and_loss_beside_a_plain_product() {
        TrainBenchmark benchmark = new TrainBenchmark(ADAMW, 21, 1, 1, 16, Device.CPU);
        double matmul = benchmark.matmulGigaflops(Precision.FP32);

        TrainBenchmark.Row row = benchmark.train("tiny", TestModels.tiny(), Precision.FP32, matmul);

        assertThat(row.tokensPerSecond()).isPositive();
        assertThat(row.shareOfMatmul()).isEqualTo(row.gigaflops() / matmul).isPositive();
        assertThat(row.finalLoss()).isBetween(1.0, 10.0);
        assertThat(row.rssMebibytes()).as("after step 20 and at the end").hasSize(2);
    }

    @Test
    void too_few_steps_to_see_memory_grow_are_refused() {
        assertThatThrownBy(() -> new TrainBenchmark(ADAMW, 20, 1, 1, 16, Device.CPU))
                .isInstanceOf(TrainingException.class)
                .hasMessageContaining("steps 20 must exceed 20");
    }
}
