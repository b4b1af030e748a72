package dev.tapestry.training;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.corpus.chat.ChatTokens;
import dev.tapestry.corpus.chat.JudgedAnswer;
import dev.tapestry.corpus.chat.PreferencePair;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/**
 * Answers to be compared, as tokens. Of each text the last answer and the end of its turn count.
 *
 * @param units of two texts each
 * @param tooLong how many were left out since a text of theirs is too long
 */
public record Comparisons(List<Unit> units, int tooLong) {

    public Comparisons {
        units = List.copyOf(units);
    }

    /** What is taken together. */
    public sealed interface Unit {
        /** Its texts. */
        List<ChatTokens> texts();
    }

    /** Two answers to a prompt, the better one first. */
    public record Pair(ChatTokens chosen, ChatTokens rejected) implements Unit {
        @Override
        public List<ChatTokens> texts() {
            return List.of(chosen, rejected);
        }
    }

    /**
     * One answer, and the answer of another unit after this prompt, by which it is measured how far
     * the model has gone from the reference.
     */
    public record Judged(ChatTokens answer, ChatTokens mismatched, boolean desirable)
            implements Unit {
        @Override
        public List<ChatTokens> texts() {
            return List.of(answer, mismatched);
        }
    }

    /** Pairs for DPO and ORPO; see {@link EncodedChats#of} for the length. */
    public static Comparisons pairs(
            List<PreferencePair> pairs,
            ChatTemplate template,
            ByteLevelTokenizer tokenizer,
            int sequenceLength) {
        List<Unit> units = new ArrayList<>();
        for (PreferencePair pair : pairs) {
            units.add(
                    new Pair(
                            template.encodeLast(pair.prompt().answered(pair.chosen()), tokenizer),
                            template.encodeLast(
                                    pair.prompt().answered(pair.rejected()), tokenizer)));
        }
        return shortEnough(units, sequenceLength);
    }

    /** Single answers for KTO; the mismatched answer is that of the next one. */
    public static Comparisons judged(
            List<JudgedAnswer> answers,
            ChatTemplate template,
            ByteLevelTokenizer tokenizer,
            int sequenceLength) {
        List<Unit> units = new ArrayList<>();
        for (int i = 0; i < answers.size(); i++) {
            JudgedAnswer own = answers.get(i);
            String other = answers.get((i + 1) % answers.size()).answer();
            units.add(
                    new Judged(
                            template.encodeLast(own.prompt().answered(own.answer()), tokenizer),
                            template.encodeLast(own.prompt().answered(other), tokenizer),
                            own.desirable()));
        }
        return shortEnough(units, sequenceLength);
    }

    private static Comparisons shortEnough(List<Unit> units, int sequenceLength) {
        List<Unit> kept =
                units.stream()
                        .filter(unit ->
                                unit.texts().stream()
                                        .allMatch(t -> t.length() <= sequenceLength + 1))
                        .toList();
        return new Comparisons(kept, units.size() - kept.size());
    }

    /** All texts, those of a unit after one another. */
    List<ChatTokens> texts() {
        return units.stream().flatMap(unit -> unit.texts().stream()).toList();
    }

    /** Predictions that an epoch makes: the schedule's tokens. */
    public long tokens() {
        return texts().stream().mapToLong(text -> text.length() - 1).sum();
    }

    /** Of all ids, of what counts of them, and of how they are called. */
    public Digest digest() {
        MessageDigest digest = Digest.sha256();
        for (Unit unit : units) {
            unit.texts().forEach(text -> EncodedChats.add(text, digest));
            String kind =
                    switch (unit) {
                        case Pair _ -> "pair";
                        case Judged judged -> judged.desirable() ? "good" : "bad";
                    };
            digest.update(kind.getBytes(StandardCharsets.US_ASCII));
        }
        return Digest.ofHash(digest.digest());
    }
}
