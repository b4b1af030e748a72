package dev.tapestry.app.demo;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the demo found, as {@code --json} writes it.
 *
 * @param seed of the run
 * @param rounds of the loop
 * @param seconds from the first process to the last score
 * @param bytesUp bytes of HTTP bodies that left all nodes in the loop
 * @param bytesDown bytes that reached them
 * @param bytesDataParallel what data-parallel training would have moved for the same steps, up and
 *     down
 * @param gapToCentralPercent mean over members of how much the shared base's loss is above central
 *     training's
 * @param members losses by member, in bits per byte of held-out text
 * @param models all N+1 models
 */
record DemoResult(
        long seed,
        int rounds,
        double seconds,
        long bytesUp,
        long bytesDown,
        long bytesDataParallel,
        double gapToCentralPercent,
        List<MemberResult> members,
        List<ModelResult> models) {

    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .build();

    /** One member's losses; {@code card} is the name on its dataset card. */
    record MemberResult(
            String id,
            String card,
            double initialBpb,
            double sharedBaseBpb,
            double sovereignBpb,
            double aloneBpb,
            double centralBpb) {}

    /** Where a model is. */
    record ModelResult(String role, @Nullable String member, String path, String digest) {}

    /** The figures as JSON. */
    String json() {
        return JSON.writeValueAsString(this) + "\n";
    }
}
