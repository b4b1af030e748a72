package dev.tapestry.node;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * The node's own log: what left, what arrived, what was decided. Only ever appended to; each append
 * is on the disk when it returns. Thread-safe; one process at a time has it open.
 */
public final class NodeLog implements AutoCloseable {

    private static final int SLICE = 1000;

    private final AuditLog log;

    private NodeLog(AuditLog log) {
        this.log = log;
    }

    /** Opens a member's log for appending, or begins it. */
    public static NodeLog open(Path file, MemberId member) {
        return new NodeLog(AuditLog.open(file, "tapestry-node/" + member));
    }

    /** Opens a log to read it, also while the node runs. */
    public static NodeLog readOnly(Path file) {
        return new NodeLog(AuditLog.readOnly(file));
    }

    /** Appends events in one durable transaction. */
    public void append(List<? extends NodeEvent> events) {
        List<byte[]> entries = new ArrayList<>();
        events.forEach(event -> entries.add(CanonicalJson.write((NodeEvent) event)));
        log.append(entries);
    }

    /** Appends a decision. */
    public void decided(Instant at, Optional<RoundNumber> round, Verdict verdict, String reason) {
        append(List.of(new NodeEvent.Decision(at, round, verdict, reason)));
    }

    /** All events so far, in order; read page by page, so that memory is bounded by a page. */
    public Stream<NodeEvent> events() {
        long size = log.size();
        return LongStream.iterate(0, from -> from < size, from -> from + SLICE)
                .boxed()
                .flatMap(from -> log.read(from, Math.min(size, from + SLICE)).stream())
                .map(entry -> CanonicalJson.read(entry, NodeEvent.class));
    }

    @Override
    public void close() {
        log.close();
    }
}
