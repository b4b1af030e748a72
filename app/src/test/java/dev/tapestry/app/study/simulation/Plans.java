package dev.tapestry.app.study.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.node.StopSignal;
import dev.tapestry.trust.json.StrictYaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Plans that take seconds. */
final class Plans {

    private static final String MEMBERS =
            """
            seed: 1
            rounds: 3
            steps: 5
            members:
              count: 6
              secondsPerStep: 20
              speedSpread: 0.1
              line: {downMbits: 50, upMbits: 10, latencyMillis: 40, spread: 0.1}
            charter:
              name: Simulated
              weighting: EQUAL
              influenceCap: 0.5
              quorum: 2
              roundDeadline: PT30M
              scoringDeadline: PT10M
              qualityFloorBitsPerByte: 1000
              maxRelativeUpdateNorm: 0.9
              releaseToleranceBitsPerByte: 0.05
              contributionQuotaBytes: 100000000
            mergeTime: PT5S
            """;

    private static final String VARIANTS =
            """
            variants:
              - name: mean
                merge:
                  outer: {type: sgd, learningRate: 1, momentum: 0, nesterov: false}
                  aggregator: {type: mean}
              - name: coded
                merge:
                  outer: {type: sgd, learningRate: 0.7, momentum: 0.6, nesterov: true}
                  aggregator: {type: mean}
                wire: {up: int4/1, down: int4/1}
            """;

    /** Six members and two variants. */
    static final String QUADRATIC =
            MEMBERS
                    + """
                    learning: {type: noisy-quadratic, dimensions: 1000, condition: 100, heterogeneity: 0.5, noise: 0.1, learningRate: 0.2}
                    """
                    + VARIANTS;

    /** The same with the first of them alone. */
    static final String ONE_VARIANT = QUADRATIC.substring(0, QUADRATIC.indexOf("  - name: coded"));

    /** Three members, two languages, a very small model. */
    static final String TEXT =
            MEMBERS.replace("count: 6", "count: 3")
                            .replace("rounds: 3", "rounds: 2")
                            .replace("steps: 5", "steps: 2")
                    + """
                    learning:
                      type: text
                      languages: [DA, SV]
                      start: {type: scratch, hiddenSize: 16, intermediateSize: 32, layers: 1, heads: 2, positions: 128}
                      optimizerState: KEPT
                      recipe: {optimizer: MUON, learningRate: 0.01, embeddingEpsilon: 0.0001, batchSequences: 1}
                      scoredTokens: 256
                    """
                    + VARIANTS;

    /** The same members and text; they share nothing, or their gradients. */
    static final String SHARING =
            TEXT.substring(0, TEXT.indexOf("  - name: coded"))
                    + """
                      - name: shared
                        merge:
                          outer: {type: sgd, learningRate: 1, momentum: 0, nesterov: false}
                          aggregator: {type: mean}
                        gradients: int8/1
                    """;

    private Plans() {}

    static Resources resources(int variants, StopSignal stop) {
        return new Resources(Path.of("../models/demo-base"), variants, 1, stop);
    }

    static SimulationPlan read(Path directory, String text) throws IOException {
        return StrictYaml.read(
                Files.writeString(directory.resolve("plan.yaml"), text), SimulationPlan.class);
    }

    /** {@link #QUADRATIC} with another text in one place, which it must have. */
    static String with(String good, String other) {
        assertThat(QUADRATIC).contains(good);
        return QUADRATIC.replace(good, other);
    }
}
