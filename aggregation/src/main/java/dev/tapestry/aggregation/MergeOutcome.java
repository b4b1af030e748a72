package dev.tapestry.aggregation;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * A finished merge.
 *
 * @param candidate directory of the merged model: the base's layout, all F32, with the base's
 *     configuration and tokenizer
 * @param state of the outer optimiser for the next merge; empty where the rule keeps none
 * @param statistics for the log
 * @param arithmetic time spent reading, adding and writing into the page cache; zero for shards
 *     that an interrupted merge had finished
 * @param flushing time spent making shards durable
 */
public record MergeOutcome(
        Path candidate,
        Optional<OuterState> state,
        RoundStatistics statistics,
        Duration arithmetic,
        Duration flushing) {}
