package dev.tapestry.corpus.preparation;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A document that came through all steps that look at one alone.
 *
 * @param source its place in the plan
 * @param heldOut whether it is never trained on
 * @param language of its source, or as identified
 * @param group what keeps it together with others
 * @param text in UTF-8
 */
@SuppressWarnings("ArrayRecordComponent") // on its way between memory and disk, never compared
record Spooled(int source, boolean heldOut, String language, String group, byte[] text) {

    /**
     * What is known of it beside itself.
     *
     * @param first the first half of its text's digest
     * @param second the next one
     * @param signature null if it has too few words for one, or nobody asks
     */
    record Keyed(
            Spooled document, long first, long second, MinHash.@Nullable Signature signature) {}

    String textString() {
        return new String(text, StandardCharsets.UTF_8);
    }

    /** The documents of a block, in their order, with what the steps counted. */
    static final class Batch {

        private final List<Keyed> documents = new ArrayList<>();
        private final List<StepTally> tallies = new ArrayList<>();
        private final List<String> malformed = new ArrayList<>();
        private long malformedCount;

        void add(Keyed document) {
            documents.add(document);
        }

        List<Keyed> documents() {
            return documents;
        }

        List<StepTally> tallies() {
            return tallies;
        }

        /** A line that is no document; the first few are quoted by their place. */
        void malformed(String place) {
            malformedCount++;
            if (malformed.size() < Preparation.QUOTED_PLACES) {
                malformed.add(place);
            }
        }

        List<String> malformedPlaces() {
            return malformed;
        }

        long malformedCount() {
            return malformedCount;
        }
    }
}
