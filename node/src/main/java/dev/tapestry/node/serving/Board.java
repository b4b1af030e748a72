package dev.tapestry.node.serving;

import dev.tapestry.node.NodeException;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.signature.VerifyingKey;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Whether the review board has paused the model. Its directory is looked at several times a second;
 * what is not the board's there, or older than what was seen, changes nothing. What was seen is
 * kept in a file of the server's own, if it has a place for it, and holds when it is started again.
 * Thread-safe.
 */
final class Board implements AutoCloseable {

    /** By which answers and the record name the board's pause. */
    static final String RULE = "review-board";

    static final Duration GLANCE = Duration.ofMillis(250);

    private static final String USUAL =
            "This model is paused by its review board. Please come back later.";
    private static final System.Logger LOG = System.getLogger(Board.class.getName());

    private final Optional<Path> directory;
    private final Optional<VerifyingKey> key;
    private final Optional<Path> seen;
    private final Thread thread;
    private volatile BoardState state;
    private String complaint = "";

    private Board(Optional<Path> directory, Optional<VerifyingKey> key, Optional<Path> seen) {
        this.directory = directory;
        this.key = key;
        this.seen = directory.flatMap(_ -> seen);
        this.state = this.seen.map(BoardState::seen).orElse(BoardState.initial());
        // Of its own: answers that never wait would keep a virtual one from looking.
        this.thread = Thread.ofPlatform().daemon().name("board").unstarted(this::watch);
    }

    /**
     * Follows a board's decisions, if there is one.
     *
     * @param key that its decisions are signed with, if it has one
     * @param seen outside the board's directory, where the last one that was seen is kept
     * @throws NodeException {@code BOARD_REFUSED} if the last one there is not the board's
     */
    static Board following(
            Optional<Path> directory, Optional<VerifyingKey> key, Optional<Path> seen) {
        Board board = new Board(directory, key, seen);
        if (directory.isPresent()) {
            board.follow(BoardState.in(directory.get(), key));
            board.thread.start();
        }
        return board;
    }

    /** What people read instead of answers, while it is paused. */
    Optional<String> paused() {
        BoardState now = state;
        return now.paused()
                ? Optional.of(now.say().isBlank() ? USUAL : now.say())
                : Optional.empty();
    }

    private void watch() {
        try {
            while (true) {
                Thread.sleep(GLANCE);
                look();
            }
        } catch (InterruptedException _) {
            // closed
        }
    }

    private void look() {
        try {
            follow(directory.flatMap(at -> BoardState.in(at, key)));
        } catch (NodeException e) {
            complain(String.valueOf(e.getMessage()));
        }
    }

    private void follow(Optional<BoardState> found) {
        BoardState known = state;
        if (found.isPresent() && found.get().number() > known.number()) {
            state = found.get();
            LOG.log(
                    Level.INFO,
                    "the review board has {0} the model",
                    found.get().paused() ? "paused" : "resumed");
            keep(found.get());
        } else if (!found.orElse(BoardState.initial()).equals(known)) {
            complain("the review board's last decision is gone or an older one; it still holds");
        }
    }

    private void keep(BoardState decision) {
        try {
            seen.ifPresent(decision::keep);
        } catch (TrustException e) {
            complain(
                    "the review board's decision holds, but will not be known when the server is started again: "
                            + e.getMessage());
        }
    }

    private void complain(String why) {
        if (!complaint.equals(why)) {
            complaint = why;
            LOG.log(Level.WARNING, why);
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
