package dev.tapestry.consortium.protocol;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What the coordinator itself is doing in a round that waits for no member, and how far it is.
 *
 * @param round for which
 * @param step what it is at
 * @param part the contribution or shard at work, from 1; 0 where there are none
 * @param parts in all; 0 where there are none
 * @param done numbers that the step has worked on; 0 where they are not counted
 * @param all numbers that it has to work on; 0 where they are not counted
 * @param since when the step began in this process
 * @param moved when something was last counted
 * @param left about how long the step takes yet; empty where too little is done to tell
 */
public record RoundWork(
        int round,
        Step step,
        int part,
        int parts,
        long done,
        long all,
        Instant since,
        Instant moved,
        Optional<Duration> left) {

    /** The steps from contributions to a candidate, in their order. */
    public enum Step {
        /** Base and contributions are read again and held against what was admitted. */
        INSPECTING("reading the base and what was admitted again", ", contribution"),
        /** Contributions that were trained on an earlier base are put on this one. */
        REBASING("putting what came late on the base", ", contribution"),
        /** What an interrupted merge has left is read and held against its seals. */
        CHECKING("checking what is merged already", ", shard"),
        /** All updates are read once, for rules that have to know them before they merge. */
        SURVEYING("reading all updates for the merge rule", ", shard"),
        /** Shards are merged and written. */
        MERGING("merging", " shard"),
        /** The step from the base is coded, and the candidate made of what was coded. */
        CODING("writing the coded update and its candidate", ""),
        /** The mean gradients are merged. */
        AVERAGING("merging the mean gradients", ""),
        /** The candidate goes where members fetch it. */
        KEEPING("putting the candidate in its place", "");

        private final String words;
        private final String unit;

        Step(String words, String unit) {
            this.words = words;
            this.unit = unit;
        }
    }

    /** What it is at and how far, in words. */
    public String words() {
        StringBuilder words = new StringBuilder(step.words);
        if (parts > 0 && part > 0) {
            words.append(step.unit).append(' ').append(part).append(" of ").append(parts);
        }
        if (all > 0) {
            words.append(", ").append(100 * done / all).append(" %");
        }
        return words.toString();
    }

    /** The same with since when and for how long yet. */
    public String line(Instant now) {
        return "%s, since %s (%s%s)"
                .formatted(
                        words(),
                        Times.at(since, now),
                        Times.span(Duration.between(since, now)),
                        left.map(time -> "; about " + Times.span(time) + " left").orElse(""));
    }
}
