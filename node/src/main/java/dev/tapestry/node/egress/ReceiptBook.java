package dev.tapestry.node.egress;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeEvent.Receipt;
import dev.tapestry.node.NodeLog;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Writes receipts into the node's log: at once for what leaves, in groups for the parts of weights
 * that arrive. Whatever is written at once takes along what waits. Thread-safe.
 */
public final class ReceiptBook {

    private static final int GROUP = 16;

    private final Consumer<List<Receipt>> log;
    private final InstantSource clock;
    private final List<Receipt> waiting = new ArrayList<>();
    private long up;
    private long down;

    /** Receipts go to {@code log}, dated by {@code clock}. */
    public ReceiptBook(NodeLog log, InstantSource clock) {
        this(log::append, clock);
    }

    /** Receipts go to whoever writes them into a log, dated by {@code clock}. */
    public ReceiptBook(Consumer<List<Receipt>> log, InstantSource clock) {
        this.log = log;
        this.clock = clock;
    }

    synchronized void write(
            Message message, long sent, long received, Optional<Digest> content, String outcome) {
        up += sent;
        down += received;
        waiting.add(
                new Receipt(
                        clock.instant(),
                        message.kind(),
                        message.kind().method(),
                        message.path(),
                        sent,
                        received,
                        content,
                        outcome));
        if (!message.kind().fetchesWeights() || waiting.size() >= GROUP) {
            flush();
        }
    }

    void refused(Message message, String outcome) {
        write(message, 0, 0, Optional.empty(), outcome);
        flush();
    }

    /** Writes what waits. */
    public synchronized void flush() {
        if (!waiting.isEmpty()) {
            log.accept(List.copyOf(waiting));
            waiting.clear();
        }
    }

    synchronized Traffic traffic() {
        return new Traffic(up, down);
    }
}
