package dev.tapestry.aggregation;

import java.util.Map;

/**
 * Where the finished numbers of one shard go.
 *
 * @param target takes the new θ
 * @param state takes the new buffers, those that the rule keeps
 */
record ShardSinks(ShardSink target, Map<Buffer, ShardSink> state) {}
