package dev.tapestry.app.demo;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.Score;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What was seen of the loop, round by round. */
final class Curves {

    /**
     * One published round.
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

    /** A member's score of a round's candidate. */
    void scored(int round, MemberId member, Score score) {
        scores.computeIfAbsent(round, r -> new TreeMap<>()).put(member, score);
    }

    /** Whether so many members have scored this round. */
    boolean complete(int round, int members) {
        return scores.getOrDefault(round, new TreeMap<>()).size() >= members;
    }

    /** The round is over. */
    Round published(int round, long up, long down) {
        Round result = new Round(round, scores.getOrDefault(round, new TreeMap<>()), up, down);
        rounds.add(result);
        return result;
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
