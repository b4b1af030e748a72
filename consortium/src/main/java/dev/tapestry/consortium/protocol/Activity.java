package dev.tapestry.consortium.protocol;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import java.util.Locale;
import java.util.Optional;

/**
 * What a member's node is doing, as far as its settings let it say. It is kept in memory, not in
 * the log: it tells the others for whom they wait, and decides nothing about models.
 *
 * @param round that it is for; 0 for none
 * @param doing what kind of work
 * @param done steps so far where it trains, tokens where it scores, MiB moved since its start where
 *     it receives or sends; else 0
 * @param of steps in all; 0 where nothing is counted
 * @param code what hinders it, where something does
 * @param reason the same in words, if the member lets its node say so
 * @param during with what it was busy when that came up, if it says so
 */
public record Activity(
        int round,
        Doing doing,
        int done,
        int of,
        Optional<String> code,
        Optional<String> reason,
        @LeftOutWhenEmpty Optional<Doing> during) {

    /** No longer reason is taken. */
    public static final int LONGEST_REASON = 1_000;

    private static final int LONGEST_CODE = 60;

    /** What a node can be busy with. */
    public enum Doing {
        /** Nothing is asked of it, or others are awaited. */
        WAITING,
        /** A base, candidate or mean gradient is on its way to it. */
        RECEIVING,
        /** Text is made into tokens, or what was learned into an update. */
        PACKING,
        /** Local steps. */
        TRAINING,
        /** A contribution is on its way from it. */
        SENDING,
        /** A candidate is scored on held-out text. */
        SCORING,
        /** The coordinator's log is verified. */
        VERIFYING,
        /** It cannot go on and tries again. */
        HINDERED,
        /** It takes no part in this round, or not any more. */
        DECLINED;

        String words() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public Activity {
        if (round < 0 || done < 0 || of < 0) {
            throw new IllegalArgumentException("round, done and of are at least 0");
        }
        if (code.filter(text -> text.length() > LONGEST_CODE).isPresent()
                || reason.filter(text -> text.length() > LONGEST_REASON).isPresent()) {
            throw new IllegalArgumentException(
                    "a code has at most %d characters, a reason %d"
                            .formatted(LONGEST_CODE, LONGEST_REASON));
        }
    }

    /** One that does not say with what it was busy when something came up. */
    public Activity(
            int round,
            Doing doing,
            int done,
            int of,
            Optional<String> code,
            Optional<String> reason) {
        this(round, doing, done, of, code, reason, Optional.empty());
    }

    /** Work that nothing hinders. */
    public static Activity of(int round, Doing doing, int done, int of) {
        return new Activity(round, doing, done, of, Optional.empty(), Optional.empty());
    }

    /** The same in words. */
    String words() {
        StringBuilder words = new StringBuilder(doing.words());
        during.ifPresent(it -> words.append(" while ").append(it.words()));
        if (of > 0) {
            words.append(", step ").append(done).append(" of ").append(of);
        }
        code.ifPresent(what -> words.append(": ").append(what));
        reason.ifPresent(why -> words.append(" (").append(why).append(')'));
        return words.toString();
    }
}
