package dev.tapestry.node.serving;

import dev.tapestry.training.Sampling;
import java.util.List;
import java.util.OptionalInt;

/**
 * A request, read.
 *
 * @param model by its name
 * @param prompt what is asked
 * @param maxTokens of the answer, where the request says so
 * @param sampling how tokens are chosen
 * @param stops texts before which the answer ends
 * @param stream whether it is sent piece by piece
 * @param streamedUsage whether a last piece has the counts of tokens
 * @param logProbabilities whether those of the tokens are wanted
 * @param alternatives so many other tokens at each place
 */
record Asked(
        String model,
        Prompt prompt,
        OptionalInt maxTokens,
        Sampling sampling,
        List<String> stops,
        boolean stream,
        boolean streamedUsage,
        boolean logProbabilities,
        int alternatives) {

    Asked {
        stops = List.copyOf(stops);
    }

    /** The same about another prompt. */
    Asked about(Prompt other) {
        return new Asked(
                model,
                other,
                maxTokens,
                sampling,
                stops,
                stream,
                streamedUsage,
                logProbabilities,
                alternatives);
    }
}
