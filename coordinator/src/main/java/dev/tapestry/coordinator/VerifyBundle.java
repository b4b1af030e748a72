package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.coordinator.BundleReport.Merge;
import dev.tapestry.coordinator.BundleReport.Witness;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.Cosignature;
import dev.tapestry.trust.log.LogKeys;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.move.MoveAgreement;
import dev.tapestry.trust.signature.VerifyingKey;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Verifies an {@link AuditBundle} with nothing but the bundle: no network, no coordinator, no
 * directory.
 */
public final class VerifyBundle {

    private final AuditBundle bundle;
    private final Demands demands;

    /** The members' keys as they were when somebody co-signed, by the size that it co-signed. */
    private final SortedMap<Long, SortedMap<MemberId, String>> members = new TreeMap<>();

    /**
     * What the auditor asks for beyond soundness.
     *
     * @param key that must be the coordinator's, or have been; where it is empty the bundle's own
     *     word is taken for it
     * @param witnesses how many members must have co-signed the latest base
     * @param seen a checkpoint that somebody remembers, whose log it must be
     * @param contributions a coordinator's directory, or a copy, with files to merge again
     */
    public record Demands(
            Optional<VerifyingKey> key,
            int witnesses,
            Optional<Checkpoint> seen,
            Optional<Path> contributions) {

        /** None. */
        public static final Demands NONE =
                new Demands(Optional.empty(), 0, Optional.empty(), Optional.empty());

        /** With files to merge again. */
        public Demands withContributions(Path directory) {
            return new Demands(key, witnesses, seen, Optional.of(directory));
        }
    }

    private VerifyBundle(AuditBundle bundle, Demands demands) {
        this.bundle = bundle;
        this.demands = demands;
    }

    /** Examines the bundle in {@code file}; whatever is wrong with it is in the report. */
    public static BundleReport of(Path file, Demands demands) {
        try (AuditBundle bundle = AuditBundle.open(file)) {
            return new VerifyBundle(bundle, demands).report();
        } catch (CoordinatorException e) {
            return BundleReport.broken("", "", Optional.empty(), String.valueOf(e.getMessage()));
        }
    }

    private BundleReport report() {
        try {
            return sound();
        } catch (BundleUnsound e) {
            return BundleReport.broken(
                    bundle.index().consortium(),
                    bundle.index().origin(),
                    e.entry(),
                    String.valueOf(e.getMessage()));
        } catch (IllegalArgumentException e) {
            // A value that none of our types takes: a name that is no member's, a key that is none.
            return BundleReport.broken(
                    bundle.index().consortium(),
                    bundle.index().origin(),
                    Optional.empty(),
                    String.valueOf(e.getMessage()));
        }
    }

    private BundleReport sound() throws BundleUnsound {
        SignedNote signed = bundle.checkpoint();
        Map<String, SignedNote> cosigned = new TreeMap<>();
        bundle.cosigners().forEach(member -> cosigned.put(member, bundle.cosigned(member)));
        Set<Long> sizes = new HashSet<>(List.of(claim(signed).size()));
        for (SignedNote note : cosigned.values()) {
            sizes.add(claim(note).size());
        }
        LogAudit audit = new LogAudit(bundle.index().origin(), evidence());
        replay(audit, sizes, claim(signed));
        LogKeys keys = audit.keys().orElseThrow(() -> new BundleUnsound("the log is empty"));
        Checkpoint checkpoint = verified(keys, signed);
        if (checkpoint.size() != audit.edge().size()) {
            throw new BundleUnsound(
                    "the checkpoint is over %d entries; the bundle has %d"
                            .formatted(checkpoint.size(), audit.edge().size()));
        }
        requireKey(keys);
        requireRoot(audit, checkpoint, "the checkpoint", cosigned.values(), keys);
        requireSeen(audit, keys);
        List<Witness> witnesses = new ArrayList<>();
        for (Map.Entry<String, SignedNote> each : cosigned.entrySet()) {
            witnesses.add(witness(each.getKey(), each.getValue(), audit, keys));
        }
        long witnessed =
                witnesses.stream()
                        .filter(witness -> witness.entries() > audit.latestBase())
                        .count();
        if (witnessed < demands.witnesses()) {
            throw new BundleUnsound(
                    "%d members have co-signed the log up to its latest base; %d are demanded"
                            .formatted(witnessed, demands.witnesses()));
        }
        Consortium consortium = audit.state().orElseThrow();
        List<Merge> merges =
                demands.contributions()
                        .map(directory ->
                                MergedAgain.all(directory, consortium.charter(), audit.history()))
                        .orElseGet(List::of);
        Optional<Merge> wrong =
                merges.stream().filter(m -> m.outcome() == Merge.Outcome.DIFFERS).findFirst();
        if (wrong.isPresent()) {
            throw new BundleUnsound(
                    "round %d merged again differs: %s"
                            .formatted(wrong.get().round(), wrong.get().detail()));
        }
        return new BundleReport(
                true,
                consortium.charter().name(),
                bundle.index().origin(),
                consortium.coordinatorKey(),
                audit.edge().size(),
                Optional.of(audit.edge().root()),
                witnesses,
                witnessed,
                audit.checkedManifests(),
                audit.missingManifests(),
                merges,
                Optional.empty(),
                "");
    }

    private static Checkpoint claim(SignedNote note) throws BundleUnsound {
        try {
            return Checkpoint.parse(note.text());
        } catch (TrustException e) {
            throw new BundleUnsound(String.valueOf(e.getMessage()));
        }
    }

    private Checkpoint verified(LogKeys keys, SignedNote note) throws BundleUnsound {
        try {
            return keys.verified(note.toString(), bundle.index().origin());
        } catch (TrustException e) {
            throw new BundleUnsound("a checkpoint is not the coordinator's: " + e.getMessage());
        }
    }

    private void requireKey(LogKeys keys) throws BundleUnsound {
        if (demands.key().isPresent() && !keys.knows(demands.key().get())) {
            throw new BundleUnsound(
                    "the log's coordinator has the key %s, not %s"
                            .formatted(keys.latest(), demands.key().get()));
        }
    }

    /** Whether the log is that of which somebody remembers a part. */
    private void requireSeen(LogAudit audit, LogKeys keys) throws BundleUnsound {
        if (demands.seen().isEmpty()) {
            return;
        }
        Checkpoint seen = demands.seen().get();
        if (!seen.origin().equals(bundle.index().origin())) {
            throw new BundleUnsound(
                    "the witness remembers the log '%s', this is '%s'"
                            .formatted(seen.origin(), bundle.index().origin()));
        }
        if (seen.size() > audit.edge().size()) {
            throw new BundleUnsound(
                    "the witness has seen %d entries, the bundle has the first %d of some log: ask for one that was written later"
                            .formatted(seen.size(), audit.edge().size()));
        }
        requireRoot(audit, seen, "the checkpoint that the witness remembers", List.of(), keys);
    }

    /**
     * Takes in all entries.
     *
     * @param sizes at which the members' keys are remembered
     * @param signed the checkpoint that must be over them
     */
    private void replay(LogAudit audit, Set<Long> sizes, Checkpoint signed) throws BundleUnsound {
        try (AuditBundle.Lines lines = bundle.entries();
                BundleLeaves leaves = new BundleLeaves(bundle, signed)) {
            Optional<byte[]> line = lines.next();
            while (line.isPresent()) {
                leaves.require(audit.edge().size(), line.get());
                Optional<BadEntry> bad = audit.next(line.get());
                if (bad.isPresent()) {
                    throw new BundleUnsound(bad.get());
                }
                if (sizes.contains(audit.edge().size())) {
                    members.put(audit.edge().size(), audit.state().orElseThrow().activeKeys());
                }
                line = lines.next();
            }
        }
        if (audit.edge().size() != bundle.index().entries()) {
            throw new BundleUnsound(
                    new BadEntry(
                            audit.edge().size(),
                            "none",
                            "the bundle says that it has %d entries, and has %d"
                                    .formatted(bundle.index().entries(), audit.edge().size())));
        }
    }

    /** Where a root does not fit, the signatures over smaller logs tell between which entries. */
    private void requireRoot(
            LogAudit audit,
            Checkpoint checkpoint,
            String whose,
            Iterable<SignedNote> others,
            LogKeys keys)
            throws BundleUnsound {
        if (audit.root(checkpoint.size()).equals(Optional.of(checkpoint.root()))) {
            return;
        }
        long good = 0;
        for (SignedNote other : others) {
            Checkpoint smaller = verified(keys, other);
            if (smaller.size() < checkpoint.size()
                    && audit.root(smaller.size()).equals(Optional.of(smaller.root()))) {
                good = Math.max(good, smaller.size());
            }
        }
        throw new BundleUnsound(
                new BadEntry(
                        good,
                        "this or a later one",
                        "%s over %d entries has the root %s, the entries %s: something from here on is not what was signed"
                                .formatted(
                                        whose,
                                        checkpoint.size(),
                                        checkpoint.root().abbreviated(),
                                        audit.root(checkpoint.size())
                                                .map(Digest::abbreviated)
                                                .orElse("are not all here"))));
    }

    private Witness witness(String name, SignedNote note, LogAudit audit, LogKeys keys)
            throws BundleUnsound {
        Checkpoint seen = verified(keys, note);
        requireRoot(audit, seen, "the checkpoint that " + name + " co-signed", List.of(), keys);
        MemberId member = new MemberId(name);
        String key = members.getOrDefault(seen.size(), new TreeMap<>()).get(member);
        if (key == null) {
            throw new BundleUnsound(
                    "%s has co-signed %d entries, but was no active member then"
                            .formatted(member, seen.size()));
        }
        try {
            Instant at =
                    Cosignature.verify(
                            note, Cosignature.name(seen.origin(), member), new VerifyingKey(key));
            return new Witness(member, seen.size(), at);
        } catch (TrustException | IllegalArgumentException e) {
            throw new BundleUnsound(String.valueOf(e.getMessage()));
        }
    }

    private LogAudit.Evidence evidence() {
        return new LogAudit.Evidence() {
            @Override
            public Optional<MoveAgreement> move(Digest agreement) {
                return bundle.move(agreement).map(VerifyBundle::agreement);
            }

            @Override
            public Optional<byte[]> contribution(Digest envelope) {
                return bundle.contribution(envelope);
            }
        };
    }

    private static MoveAgreement agreement(byte[] json) {
        try {
            return MoveAgreement.parse(json);
        } catch (TrustException e) {
            throw AuditBundle.bad(String.valueOf(e.getMessage()));
        }
    }
}
