package dev.tapestry.node.serving;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.serving.Piece.Usage;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Says what it was told to; the last piece again and again if it shall not end. */
final class ScriptedSource implements Source {

    private final List<String> pieces;
    private final boolean endless;
    private volatile Optional<Asked> asked = Optional.empty();
    private final AtomicInteger open = new AtomicInteger();
    private final CountDownLatch begun = new CountDownLatch(1);

    private ScriptedSource(List<String> pieces, boolean endless) {
        this.pieces = pieces;
        this.endless = endless;
    }

    static ScriptedSource saying(String... pieces) {
        return new ScriptedSource(List.of(pieces), false);
    }

    static ScriptedSource talking(String... pieces) {
        return new ScriptedSource(List.of(pieces), true);
    }

    /** What it was asked last. */
    Optional<Asked> asked() {
        return asked;
    }

    /** Answers under way. */
    int open() {
        return open.get();
    }

    /** Waits until it has been asked. */
    void awaitBegun() throws InterruptedException {
        if (!begun.await(1, TimeUnit.MINUTES)) {
            throw new AssertionError("nobody asked");
        }
    }

    @Override
    public String name() {
        return "scripted";
    }

    @Override
    public Optional<Digest> digest() {
        return Optional.of(Digest.of(new byte[] {1}));
    }

    @Override
    public boolean chats() {
        return true;
    }

    @Override
    public Answering begin(Asked wanted) {
        asked = Optional.of(wanted);
        open.incrementAndGet();
        begun.countDown();
        Deque<String> left = new ArrayDeque<>(pieces);
        return new Answering() {
            private boolean closed;
            private int said;

            @Override
            public Optional<Piece> next(Duration patience) {
                said++;
                if (endless && left.size() == 1) {
                    return Optional.of(new Piece.Text(left.getFirst()));
                }
                return Optional.of(
                        left.isEmpty()
                                ? new Piece.End("stop")
                                : new Piece.Text(left.removeFirst()));
            }

            @Override
            public Usage usage() {
                return new Usage(3, endless ? said : Math.min(said, pieces.size()));
            }

            @Override
            public void close() {
                if (!closed) {
                    closed = true;
                    open.decrementAndGet();
                }
            }
        };
    }

    @Override
    public void close() {}
}
