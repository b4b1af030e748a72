package dev.tapestry.app.chaos;

import dev.tapestry.app.demo.DemoMember;
import dev.tapestry.app.process.Programs;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What is found when all processes have ended.
 *
 * @param told what each member's node has said
 */
record Aftermath(Places places, Programs programs, Map<DemoMember, List<NodeUpdate>> told) {

    /** A check that has not ended by then hangs. */
    private static final Duration PATIENCE = Duration.ofMinutes(30);

    /** The published bases, by round, as the log has them. */
    SortedMap<Integer, Digest> bases() {
        SortedMap<Integer, Digest> bases = new TreeMap<>();
        try (AuditLog log = AuditLog.readOnly(places.consortium().resolve("log.db"))) {
            for (byte[] entry : log.read(0, log.size())) {
                if (CanonicalJson.read(entry, ConsortiumEvent.class)
                        instanceof BasePublished published) {
                    bases.put(published.round().value(), published.base());
                }
            }
        }
        return bases;
    }

    /**
     * Has every log verified, the coordinator's beside each node's, and the last merge done again.
     *
     * @return what failed, or was not done in time
     */
    List<String> verify(int lastRound) throws InterruptedException {
        List<List<String>> checks = new ArrayList<>();
        for (DemoMember member : told.keySet()) {
            String node = places.home(member).directory().toString();
            checks.add(List.of("verify", "log", places.consortium().toString(), "--witness", node));
            checks.add(List.of("verify", "log", node));
        }
        checks.add(
                List.of(
                        "verify",
                        "merge",
                        places.consortium().toString(),
                        "--round",
                        Integer.toString(lastRound)));
        List<String> failed = new ArrayList<>();
        for (List<String> words : checks) {
            Process check =
                    programs.start(
                            places.log("verify"),
                            List.of(ConsortiumProcesses.HEAP_NODE, "-XX:TieredStopAtLevel=1"),
                            words);
            try {
                if (!check.waitFor(PATIENCE) || check.exitValue() != 0) {
                    failed.add("tapestry " + String.join(" ", words));
                }
            } finally {
                check.destroyForcibly(); // also when somebody asks this process to end
            }
        }
        return failed;
    }

    /**
     * What members were told to be kept and is not in the log: contributions that were admitted,
     * and scores.
     */
    List<String> lost() {
        Set<String> kept = new HashSet<>();
        try (AuditLog log = AuditLog.readOnly(places.consortium().resolve("log.db"))) {
            for (byte[] entry : log.read(0, log.size())) {
                switch (CanonicalJson.read(entry, ConsortiumEvent.class)) {
                    case ConsortiumEvent.ContributionAdmitted it ->
                            kept.add(it.contribution().member() + " contribution " + it.round());
                    case ConsortiumEvent.CandidateScored it ->
                            kept.add(it.member() + " score " + it.round());
                    case ConsortiumEvent other -> {}
                }
            }
        }
        List<String> lost = new ArrayList<>();
        told.forEach((member, updates) -> {
            for (NodeUpdate update : updates) {
                String promised =
                        switch (update) {
                            case NodeUpdate.Contributed it -> "contribution " + it.round();
                            case NodeUpdate.Scored it -> "score " + it.round();
                            default -> "";
                        };
                if (!promised.isEmpty() && !kept.contains(member.id() + " " + promised)) {
                    lost.add(member.id() + " " + promised);
                }
            }
        });
        return lost;
    }
}
