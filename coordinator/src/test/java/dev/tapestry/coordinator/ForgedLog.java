package dev.tapestry.coordinator;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.signature.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The log of a coordinator that is stopped, which its operator writes again with other events:
 * every hash fits and every checkpoint is signed, for the operator has the key.
 */
final class ForgedLog {

    private final CoordinatorDirectory place;
    private final String origin;
    private final List<ConsortiumEvent> truth;

    ForgedLog(Path directory) {
        place = new CoordinatorDirectory(directory);
        try (AuditLog log = AuditLog.readOnly(place.log())) {
            origin = log.origin();
            truth =
                    log.read(0, log.size()).stream()
                            .map(entry -> CanonicalJson.read(entry, ConsortiumEvent.class))
                            .toList();
        }
    }

    /** Writes the log with each true event of one kind replaced. */
    <E extends ConsortiumEvent> void tell(Class<E> kind, UnaryOperator<E> lie) throws IOException {
        write(
                truth.stream()
                        .map(event -> kind.isInstance(event) ? lie.apply(kind.cast(event)) : event)
                        .toList());
    }

    void tellTheTruth() throws IOException {
        write(truth);
    }

    private void write(List<? extends ConsortiumEvent> events) throws IOException {
        for (String suffix : List.of("", "-wal", "-shm")) {
            Files.deleteIfExists(Path.of(place.log() + suffix));
        }
        write(place.log(), origin, SigningKey.load(place.signingKey()), events);
    }

    /** Writes a log of these events, signed for. */
    static void write(
            Path file, String origin, SigningKey key, List<? extends ConsortiumEvent> events) {
        try (AuditLog log = AuditLog.open(file, origin)) {
            log.append(events.stream().map(CanonicalJson::write).toList());
            log.checkpoint(key);
        }
    }
}
