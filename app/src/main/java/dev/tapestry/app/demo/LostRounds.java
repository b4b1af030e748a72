package dev.tapestry.app.demo;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Rounds that gave no base, as the coordinator's log has them. The next round begins at once, so
 * whoever asks for the state of the loop now and then may never see how the last one ended.
 */
final class LostRounds {

    private final Path log;
    private long read;

    /** Reads {@code log}, which need not be there yet, from its first entry on. */
    LostRounds(Path log) {
        this.log = log;
    }

    /**
     * A round without a base.
     *
     * @param how it ended
     */
    record Lost(int round, String how, String reason) {

        /** For people. */
        String line() {
            return "round %d was %s, the base stays: %s".formatted(round, how, reason);
        }
    }

    /** Those that were not told yet. */
    List<Lost> news() {
        if (!Files.exists(log)) {
            return List.of();
        }
        List<Lost> lost = new ArrayList<>();
        try (AuditLog entries = AuditLog.readOnly(log)) {
            long size = entries.size();
            for (byte[] entry : entries.read(read, size)) {
                ConsortiumEvent event = CanonicalJson.read(entry, ConsortiumEvent.class);
                if (event instanceof ConsortiumEvent.RoundAbandoned(var round, var why, _)) {
                    lost.add(new Lost(round.value(), "given up", why));
                } else if (event
                        instanceof ConsortiumEvent.RoundRolledBack(var round, var why, _)) {
                    lost.add(new Lost(round.value(), "rolled back", why));
                }
            }
            read = size;
            return lost;
        } catch (TrustException e) {
            return List.of(); // a killed coordinator left it half written; the next one tidies it
        }
    }
}
