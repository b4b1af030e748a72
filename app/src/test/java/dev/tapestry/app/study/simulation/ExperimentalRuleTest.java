package dev.tapestry.app.study.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.app.study.simulation.RuleException.Code;
import dev.tapestry.app.study.simulation.SimulationReport.VariantResult;
import dev.tapestry.node.StopSignal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExperimentalRuleTest {

    private static final String MEAN =
            """
            package mine;

            import dev.tapestry.app.study.simulation.ExperimentalRule;
            import java.util.List;

            public final class Own implements ExperimentalRule {
                @Override
                public float[] combine(String tensor, List<float[]> updates, double[] weights) {
                    float[] merged = new float[updates.getFirst().length];
                    for (int m = 0; m < weights.length; m++) {
                        for (int i = 0; i < merged.length; i++) {
                            merged[i] += (float) (weights[m] * updates.get(m)[i]);
                        }
                    }
                    return merged;
                }
            }
            """;

    @TempDir Path directory;

    private Path work = Path.of("");

    @BeforeEach
    void makeWork() throws IOException {
        work = Files.createDirectories(directory.resolve("work"));
    }

    @Test
    void the_example_is_compiled_from_its_file_and_elects_signs() throws IOException {
        ExperimentalRule rule =
                RuleFile.compiled(
                        Path.of("../docs/examples/SignElection.java"),
                        Files.createDirectory(directory.resolve("classes")));

        float[] merged =
                rule.combine(
                        "any",
                        List.of(
                                new float[] {1, -4, 0, 1},
                                new float[] {3, 1, 0, -1},
                                new float[] {-1, -2, 0, 0}),
                        new double[] {0.25, 0.5, 0.25});

        // Elected: + (the third is left out), − (the second), none, − (the second alone).
        assertThat(merged[0]).isCloseTo(7 / 3f, within(1e-6f));
        assertThat(merged).endsWith(-3, 0, -1);
    }

    @Test
    void a_rule_in_one_file_is_merged_as_the_aggregator_of_that_name_would_be() throws IOException {
        SimulationReport report = run(MEAN);

        VariantResult real = report.variants().getFirst();
        VariantResult own = report.variants().getLast();
        assertThat(own.merged()).isEqualTo(real.merged());
        assertThat(own.meanLoss()).isCloseTo(real.meanLoss(), within(1e-5));
        assertThat(own.virtualSeconds()).isEqualTo(real.virtualSeconds());
    }

    @Test
    void what_does_not_compile_is_refused_with_the_compiler_s_words_before_anything_is_trained() {
        refused(
                MEAN.replace("double[] weights", "double weights"),
                Code.DOES_NOT_COMPILE,
                "Own.java does not compile",
                "Own.java:6: error: Own is not abstract and does not override abstract method");
    }

    @Test
    void a_file_without_a_rule_is_refused() {
        refused(
                MEAN.replace(" implements ExperimentalRule", "").replace("    @Override\n", ""),
                Code.NO_RULE,
                "does not implement dev.tapestry.app.study.simulation.ExperimentalRule");
        refused("class Other {}", Code.NO_RULE, "Own.java has no class named Own");
        refused(
                MEAN.replace("public float[] combine", "private Own() {}\n public float[] combine"),
                Code.DOES_NOT_COMPILE,
                "error");
    }

    @Test
    void a_rule_that_is_not_there_is_refused_with_the_place_where_it_was_looked_for() {
        assertThatThrownBy(() -> simulation().run(_ -> {}))
                .isInstanceOf(RuleException.class)
                .hasMessageContaining(directory.resolve("Own.java").toString());
    }

    @Test
    void a_rule_that_fails_or_gives_no_update_is_named_with_the_tensor() {
        refused(
                MEAN.replace("return merged;", "return new float[3];"),
                Code.WRONG_UPDATE,
                "mine.Own gave 3 elements for the tensor quadratic.weight, which has 1000");
        refused(
                MEAN.replace("return merged;", "merged[7] = Float.NaN; return merged;"),
                Code.WRONG_UPDATE,
                "gave NaN at index 7 of the tensor quadratic.weight");
        refused(
                MEAN.replace("return merged;", "throw new IllegalStateException(\"no idea\");"),
                Code.WRONG_UPDATE,
                "no idea",
                "Own.java:15");
    }

    private void refused(String source, Code code, String... words) {
        assertThatThrownBy(() -> run(source))
                .isInstanceOfSatisfying(
                        RuleException.class, failure -> assertThat(failure.code()).isEqualTo(code))
                .message()
                .contains(words);
        try (Stream<Path> left = Files.list(work)) {
            assertThat(left).isEmpty();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private SimulationReport run(String source) throws IOException {
        Files.writeString(directory.resolve("Own.java"), source);
        return simulation().run(_ -> {});
    }

    private Simulation simulation() throws IOException {
        String plan =
                Plans.with("    wire: {up: int4/1, down: int4/1}\n", "    rule: Own.java\n")
                        .replace(
                                "learningRate: 0.7, momentum: 0.6, nesterov: true",
                                "learningRate: 1, momentum: 0, nesterov: false");
        return new Simulation(
                Plans.read(directory, plan),
                directory.resolve("plan.yaml"),
                work,
                Plans.resources(1, new StopSignal()),
                _ -> {});
    }
}
