package dev.tapestry.app.demo;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.Score;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** What was seen of the loop, round by round. */
final class Curves {

    /**
     * One round that is over.
     *
     * @param round its number
     * @param scores by member
     * @param up bytes that had left all nodes by then
     * @param down bytes that had reached them
     */
    record Round(int round, SortedMap<MemberId, Score> scores, long up, long down) {

        double mean() {
            return scores.values().stream()
                    .mapToDouble(Score::candidateBitsPerByte)
                    .average()
                    .orElse(Double.NaN);
        }
    }

    private final SortedMap<Integer, SortedMap<MemberId, Score>> scores = new TreeMap<>();
    private final List<Round> rounds = new ArrayList<>();
    private int next = 1;

    /** A member's score of a round's candidate. */
    void scored(int round, MemberId member, Score score) {
        scores.computeIfAbsent(round, r -> new TreeMap<>()).put(member, score);
    }

    /** Whether so many members have scored this round. */
    boolean complete(int round, int members) {
        return scores.getOrDefault(round, new TreeMap<>()).size() >= members;
    }

    /** The first round that is not over yet, as far as was seen. */
    int next() {
        return next;
    }

    /** Round {@link #next} is over; without any score it left nothing to draw. */
    Optional<Round> close(long up, long down) {
        SortedMap<MemberId, Score> seen = scores.getOrDefault(next, new TreeMap<>());
        Round closed = new Round(next, seen, up, down);
        next++;
        if (seen.isEmpty()) {
            return Optional.empty();
        }
        rounds.add(closed);
        return Optional.of(closed);
    }

    /** All rounds so far. */
    List<Round> rounds() {
        return List.copyOf(rounds);
    }

    /** What each member's base scored before the first round. */
    Map<MemberId, Double> start() {
        SortedMap<MemberId, Double> start = new TreeMap<>();
        if (!rounds.isEmpty()) {
            rounds.getFirst().scores().forEach((m, s) -> start.put(m, s.baseBitsPerByte()));
        }
        return start;
    }
}
