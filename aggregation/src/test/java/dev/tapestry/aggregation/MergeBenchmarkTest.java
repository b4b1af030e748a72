package dev.tapestry.aggregation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.MergeRule;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MergeBenchmarkTest {

    @TempDir Path folder;

    @Test
    void measures_and_leaves_nothing() {
        MergeBenchmark.Report report =
                MergeBenchmark.run(
                        new MergeBenchmark.Settings(2, 4, 1, 2, MergeRule.fedAvg()), folder);
        assertThat(report.readGbPerSecond()).isPositive();
        assertThat(report.copyGbPerSecond()).isPositive();
        assertThat(folder).isEmptyDirectory();
    }
}
