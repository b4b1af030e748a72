package dev.tapestry.node;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.CosignatureRequest;
import dev.tapestry.consortium.protocol.CosignedNotes;
import dev.tapestry.consortium.protocol.LogEntries;
import dev.tapestry.consortium.protocol.LogProof;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.Cosignature;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.signature.SigningKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** The double's log, which can be exchanged for another one behind everybody's back. */
final class LogDouble implements AutoCloseable {

    private static final String ORIGIN = "tapestry/test";

    private final Path directory;
    private final SigningKey key;
    private AuditLog log;

    /** What becomes of a slice of entries on its way to the member. */
    volatile UnaryOperator<List<byte[]>> slices = entries -> entries;

    /** What it shows as co-signed by others. */
    final List<SignedNote> shown = new CopyOnWriteArrayList<>();

    /** What the member handed in, each over the log as it was then. */
    final List<SignedNote> handedIn = new CopyOnWriteArrayList<>();

    LogDouble(Path directory, SigningKey key) {
        this.directory = directory;
        this.key = key;
        this.log = AuditLog.open(directory.resolve("log.db"), ORIGIN);
    }

    synchronized void append(ConsortiumEvent event) {
        log.append(List.of(CanonicalJson.write(event)));
    }

    synchronized long size() {
        return log.size();
    }

    /** Forgets everything and begins anew with the same name and key. */
    synchronized void rewrite(ConsortiumEvent... events) throws IOException {
        log.close();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file :
                    files.filter(f -> f.getFileName().toString().startsWith("log.db")).toList()) {
                Files.delete(file);
            }
        }
        log = AuditLog.open(directory.resolve("log.db"), ORIGIN);
        for (ConsortiumEvent event : events) {
            append(event);
        }
    }

    /** The checkpoint now, signed by the log. */
    synchronized SignedNote checkpoint() {
        return log.checkpoint(key);
    }

    /** The checkpoint now, as the coordinator signed it and a member saw it. */
    synchronized SignedNote cosignedBy(MemberId member, SigningKey memberKey) {
        SignedNote note = checkpoint();
        Checkpoint now = Checkpoint.parse(note.text());
        return note.with(
                Cosignature.sign(now, Cosignature.name(ORIGIN, member), Instant.EPOCH, memberKey));
    }

    synchronized Object cosigned(long size, CosignatureRequest request) {
        handedIn.add(
                new Checkpoint(ORIGIN, size, log.root(size))
                        .sign(key)
                        .with(SignedNote.parseLine(request.cosignature())));
        return new byte[0];
    }

    synchronized Object route(String[] steps, String path) {
        return switch (steps[3]) {
            case "checkpoint" -> log.checkpoint(key).toString().getBytes(StandardCharsets.UTF_8);
            case "cosignatures" ->
                    new CosignedNotes(shown.stream().map(SignedNote::toString).toList());
            case "entries" -> {
                long from = Refusal.number(path, "from");
                yield new LogEntries(
                        from,
                        slices.apply(log.read(from, Refusal.number(path, "to"))).stream()
                                .map(Base64.getEncoder()::encodeToString)
                                .toList());
            }
            default -> new LogProof(proof(steps[4], path));
        };
    }

    private List<dev.tapestry.consortium.Digest> proof(String kind, String path) {
        return kind.equals("inclusion")
                ? log.inclusionProof(Refusal.number(path, "index"), Refusal.number(path, "size"))
                        .hashes()
                : log.consistencyProof(Refusal.number(path, "from"), Refusal.number(path, "to"))
                        .hashes();
    }

    @Override
    public synchronized void close() {
        log.close();
    }
}
