package dev.tapestry.coordinator;

import dev.tapestry.aggregation.AggregationException;
import dev.tapestry.aggregation.MergeVerification;
import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.Cosignature;
import dev.tapestry.trust.log.LogKeys;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.log.TreeEdge;
import dev.tapestry.trust.move.MoveAgreement;
import dev.tapestry.trust.signature.VerifyingKey;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
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

    /** Before the leaves are read. */
    private static final Digest UNKNOWN = Digest.of(new byte[] {0});

    private final AuditBundle bundle;
    private final Demands demands;

    /** The members' keys as they were when somebody co-signed, by the size that it co-signed. */
    private final SortedMap<Long, SortedMap<MemberId, String>> members = new TreeMap<>();

    /** By size, the roots that the leaves give. */
    private final Map<Long, Digest> leafRoots = new HashMap<>();

    /**
     * What the auditor asks for beyond soundness.
     *
     * @param key that must be the coordinator's, or have been; where it is empty the bundle's own
     *     word is taken for it
     * @param witnesses how many members must have co-signed the latest base
     * @param contributions a coordinator's directory, or a copy, with files to merge again
     */
    public record Demands(Optional<VerifyingKey> key, int witnesses, Optional<Path> contributions) {

        /** None. */
        public static final Demands NONE = new Demands(Optional.empty(), 0, Optional.empty());
    }

    /**
     * How much of the log a member vouches for.
     *
     * @param member who
     * @param entries the first so many
     * @param at by its own clock
     */
    public record Witness(MemberId member, long entries, Instant at) {}

    /**
     * A merge that was looked at.
     *
     * @param round which
     * @param outcome {@code MATCHES}, {@code DIFFERS} or {@code NOT_KEPT}
     * @param detail what differs or is not kept
     */
    public record Merge(int round, Outcome outcome, String detail) {
        /** What came of merging again. */
        public enum Outcome {
            MATCHES,
            DIFFERS,
            NOT_KEPT
        }
    }

    /**
     * What was found.
     *
     * @param sound whether everything fits
     * @param consortium its name
     * @param origin of the log
     * @param coordinatorKey with which the log ends; compare it with what the members know
     * @param entries all of them, under the signed checkpoint
     * @param root of the tree over them
     * @param witnesses who vouches for how much
     * @param witnessed how many of them vouch for the latest base
     * @param manifests contributions whose signed manifest was checked
     * @param manifestsMissing contributions whose manifest is not in the bundle
     * @param merges what was merged again
     * @param bad the first entry that does not fit
     * @param problem what is wrong; empty if it is sound
     */
    public record Report(
            boolean sound,
            String consortium,
            String origin,
            String coordinatorKey,
            long entries,
            Optional<Digest> root,
            List<Witness> witnesses,
            long witnessed,
            long manifests,
            long manifestsMissing,
            List<Merge> merges,
            Optional<BadEntry> bad,
            String problem) {}

    /** Something is wrong. */
    private static final class Unsound extends Exception {
        private static final long serialVersionUID = 1L;
        private final transient Optional<BadEntry> entry;

        Unsound(String problem) {
            super(problem, null, false, false);
            this.entry = Optional.empty();
        }

        Unsound(BadEntry bad) {
            super(bad.text(), null, false, false);
            this.entry = Optional.of(bad);
        }
    }

    private VerifyBundle(AuditBundle bundle, Demands demands) {
        this.bundle = bundle;
        this.demands = demands;
    }

    /** Examines the bundle in {@code file}; whatever is wrong with it is in the report. */
    public static Report of(Path file, Demands demands) {
        try (AuditBundle bundle = AuditBundle.open(file)) {
            return new VerifyBundle(bundle, demands).report();
        } catch (CoordinatorException e) {
            return broken("", "", Optional.empty(), String.valueOf(e.getMessage()));
        }
    }

    private Report report() {
        try {
            return sound();
        } catch (Unsound e) {
            return broken(
                    bundle.index().consortium(),
                    bundle.index().origin(),
                    e.entry,
                    String.valueOf(e.getMessage()));
        }
    }

    private static Report broken(
            String consortium, String origin, Optional<BadEntry> bad, String problem) {
        return new Report(
                false,
                consortium,
                origin,
                "",
                0,
                Optional.empty(),
                List.of(),
                0,
                0,
                0,
                List.of(),
                bad,
                problem);
    }

    private Report sound() throws Unsound {
        SignedNote signed = bundle.checkpoint();
        Map<String, SignedNote> cosigned = new TreeMap<>();
        bundle.cosigners().forEach(member -> cosigned.put(member, bundle.cosigned(member)));
        Set<Long> sizes = new HashSet<>(List.of(claim(signed).size()));
        for (SignedNote note : cosigned.values()) {
            sizes.add(claim(note).size());
        }
        sizes.forEach(size -> leafRoots.put(size, UNKNOWN));
        readLeaves();
        LogAudit audit = new LogAudit(bundle.index().origin(), evidence());
        boolean genuine = claim(signed).root().equals(leafRoots.get(claim(signed).size()));
        replay(audit, sizes, genuine);
        LogKeys keys = audit.keys().orElseThrow(() -> new Unsound("the log is empty"));
        Checkpoint checkpoint = verified(keys, signed);
        if (checkpoint.size() != audit.edge().size()) {
            throw new Unsound(
                    "the checkpoint is over %d entries; the bundle has %d"
                            .formatted(checkpoint.size(), audit.edge().size()));
        }
        requireKey(keys);
        requireRoot(audit, checkpoint, "the checkpoint", cosigned.values(), keys);
        List<Witness> witnesses = new ArrayList<>();
        for (Map.Entry<String, SignedNote> each : cosigned.entrySet()) {
            witnesses.add(witness(each.getKey(), each.getValue(), audit, keys));
        }
        long witnessed =
                witnesses.stream()
                        .filter(witness -> witness.entries() > audit.latestBase())
                        .count();
        if (witnessed < demands.witnesses()) {
            throw new Unsound(
                    "%d members have co-signed the log up to its latest base; %d are demanded"
                            .formatted(witnessed, demands.witnesses()));
        }
        Consortium consortium = audit.state().orElseThrow();
        List<Merge> merges = merges(audit, consortium);
        Optional<Merge> wrong =
                merges.stream().filter(m -> m.outcome() == Merge.Outcome.DIFFERS).findFirst();
        if (wrong.isPresent()) {
            throw new Unsound(
                    "round %d merged again differs: %s"
                            .formatted(wrong.get().round(), wrong.get().detail()));
        }
        return new Report(
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

    private static Checkpoint claim(SignedNote note) throws Unsound {
        try {
            return Checkpoint.parse(note.text());
        } catch (TrustException e) {
            throw new Unsound(String.valueOf(e.getMessage()));
        }
    }

    private Checkpoint verified(LogKeys keys, SignedNote note) throws Unsound {
        try {
            return keys.verified(note.toString(), bundle.index().origin());
        } catch (TrustException e) {
            throw new Unsound("a checkpoint is not the coordinator's: " + e.getMessage());
        }
    }

    private void requireKey(LogKeys keys) throws Unsound {
        if (demands.key().isPresent() && !keys.knows(demands.key().get())) {
            throw new Unsound(
                    "the log's coordinator has the key %s, not %s"
                            .formatted(keys.latest(), demands.key().get()));
        }
    }

    /** The roots that the leaves give at the sizes that somebody signed. */
    private void readLeaves() {
        TreeEdge edge = TreeEdge.EMPTY;
        try (InputStream leaves = bundle.leaves()) {
            for (byte[] leaf = leaves.readNBytes(AuditBundle.LEAF_BYTES);
                    leaf.length == AuditBundle.LEAF_BYTES;
                    leaf = leaves.readNBytes(AuditBundle.LEAF_BYTES)) {
                edge = edge.withLeaf(Digest.ofHash(leaf));
                if (leafRoots.containsKey(edge.size())) {
                    leafRoots.put(edge.size(), edge.root());
                }
            }
        } catch (IOException e) {
            throw AuditBundle.bad("its leaves cannot be read: " + e.getMessage());
        }
    }

    /**
     * Takes in all entries.
     *
     * @param genuine whether the leaves are those that were signed
     */
    private void replay(LogAudit audit, Set<Long> sizes, boolean genuine) throws Unsound {
        try (AuditBundle.Lines lines = bundle.entries();
                InputStream leaves = bundle.leaves()) {
            Optional<byte[]> line = lines.next();
            while (line.isPresent()) {
                byte[] leaf = leaves.readNBytes(AuditBundle.LEAF_BYTES);
                requireLeaf(audit.edge().size(), line.get(), leaf, genuine);
                Optional<BadEntry> bad = audit.next(line.get());
                if (bad.isPresent()) {
                    throw new Unsound(bad.get());
                }
                if (sizes.contains(audit.edge().size())) {
                    members.put(audit.edge().size(), audit.state().orElseThrow().activeKeys());
                }
                line = lines.next();
            }
        } catch (IOException e) {
            throw AuditBundle.bad("it cannot be read: " + e.getMessage());
        }
        if (audit.edge().size() != bundle.index().entries()) {
            throw new Unsound(
                    new BadEntry(
                            audit.edge().size(),
                            "none",
                            "the bundle says that it has %d entries, and has %d"
                                    .formatted(bundle.index().entries(), audit.edge().size())));
        }
    }

    private static void requireLeaf(long index, byte[] entry, byte[] leaf, boolean genuine)
            throws Unsound {
        if (leaf.length < AuditBundle.LEAF_BYTES) {
            throw new Unsound(new BadEntry(index, name(entry), "it has no leaf"));
        }
        if (!TreeEdge.leaf(entry).equals(Digest.ofHash(leaf))) {
            throw new Unsound(
                    new BadEntry(
                            index,
                            name(entry),
                            (genuine
                                            ? "it is not the entry that was signed: "
                                            : "it does not fit its leaf: ")
                                    + LogAudit.excerpt(entry)));
        }
    }

    private static String name(byte[] entry) {
        try {
            return CanonicalJson.read(entry, ConsortiumEvent.class).getClass().getSimpleName();
        } catch (TrustException _) {
            return "no event";
        }
    }

    /** Where a root does not fit, the signatures over smaller logs tell between which entries. */
    private void requireRoot(
            LogAudit audit,
            Checkpoint checkpoint,
            String whose,
            Iterable<SignedNote> others,
            LogKeys keys)
            throws Unsound {
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
        throw new Unsound(
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
            throws Unsound {
        Checkpoint seen = verified(keys, note);
        requireRoot(audit, seen, "the checkpoint that " + name + " co-signed", List.of(), keys);
        MemberId member = new MemberId(name);
        String key = members.getOrDefault(seen.size(), new TreeMap<>()).get(member);
        if (key == null) {
            throw new Unsound(
                    "%s has co-signed %d entries, but was no active member then"
                            .formatted(member, seen.size()));
        }
        try {
            Instant at =
                    Cosignature.verify(
                            note, Cosignature.name(seen.origin(), member), new VerifyingKey(key));
            return new Witness(member, seen.size(), at);
        } catch (TrustException e) {
            throw new Unsound(String.valueOf(e.getMessage()));
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

    private List<Merge> merges(LogAudit audit, Consortium consortium) {
        if (demands.contributions().isEmpty()) {
            return List.of();
        }
        Path directory = demands.contributions().get();
        return audit.history().latest(Integer.MAX_VALUE).stream()
                .filter(round -> round.candidate().isPresent())
                .map(round -> merge(directory, consortium, round))
                .toList();
    }

    private static Merge merge(Path directory, Consortium consortium, RoundRecord round) {
        int number = round.number().value();
        try {
            return switch (VerifyMerge.of(directory, consortium.charter(), round)) {
                case MergeVerification.Matches _ -> new Merge(number, Merge.Outcome.MATCHES, "");
                case MergeVerification.Differs(var differences) ->
                        new Merge(number, Merge.Outcome.DIFFERS, String.join("; ", differences));
            };
        } catch (CoordinatorException e) {
            if (e.code() == Code.NOT_KEPT) {
                return new Merge(number, Merge.Outcome.NOT_KEPT, String.valueOf(e.getMessage()));
            }
            throw e;
        } catch (AggregationException | WeightsException e) {
            return new Merge(number, Merge.Outcome.DIFFERS, String.valueOf(e.getMessage()));
        }
    }
}
