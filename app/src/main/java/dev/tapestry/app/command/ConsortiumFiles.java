package dev.tapestry.app.command;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A coordinator's directory as far as it can be read while the coordinator runs.
 *
 * @param directory of the coordinator
 */
record ConsortiumFiles(Path directory) {

    private static final int SLICE = 1000;

    /** The audit log. */
    Path log() {
        return directory.resolve("log.db");
    }

    /** The steward's identity. */
    Path steward() {
        return directory.resolve("steward");
    }

    /** Refuses a directory without a log. */
    void requireLog() {
        if (!Files.exists(log())) {
            throw new CommandException(
                    "%s holds no consortium (no log.db); found one with 'tapestry consortium found'"
                            .formatted(directory));
        }
    }

    /** Everything that has happened, in order. */
    List<ConsortiumEvent> events() {
        requireLog();
        List<ConsortiumEvent> events = new ArrayList<>();
        try (AuditLog log = AuditLog.readOnly(log())) {
            long size = log.size();
            for (long from = 0; from < size; from += SLICE) {
                for (byte[] entry : log.read(from, Math.min(size, from + SLICE))) {
                    events.add(CanonicalJson.read(entry, ConsortiumEvent.class));
                }
            }
        }
        return events;
    }

    /** The state that the log leads to. */
    Consortium state() {
        return Consortium.replay(events());
    }
}
