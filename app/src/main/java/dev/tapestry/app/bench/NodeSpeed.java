package dev.tapestry.app.bench;

import java.util.List;

/**
 * How fast a node trained.
 *
 * @param tokens that it trained on
 * @param nanos that passed meanwhile
 * @param steppingTokensPerSecond while a step was under way
 * @param sent bytes of bodies that left the node for each round
 * @param received bytes of bodies that came for each round
 */
record NodeSpeed(
        long tokens, long nanos, double steppingTokensPerSecond, long sent, long received) {

    double tokensPerSecond() {
        return tokens / (nanos / 1e9);
    }

    /** For a process that reads it with {@link #of}. */
    String words() {
        return "%d %d %s %d %d".formatted(tokens, nanos, steppingTokensPerSecond, sent, received);
    }

    static NodeSpeed of(List<String> words) {
        return new NodeSpeed(
                Long.parseLong(words.get(0)),
                Long.parseLong(words.get(1)),
                Double.parseDouble(words.get(2)),
                Long.parseLong(words.get(3)),
                Long.parseLong(words.get(4)));
    }
}
