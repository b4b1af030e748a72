package dev.tapestry.node.round;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.Digest;
import dev.tapestry.node.Membership;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.ConsistencyProof;
import dev.tapestry.trust.log.InclusionProof;
import dev.tapestry.trust.log.SignedNote;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Follows the coordinator's log and believes a base only when the log proves it: the checkpoint is
 * signed with the key that the node got when it enrolled, the log only grew since the last
 * checkpoint that the node saw, and it contains the event that made the model the base.
 *
 * <p>What was seen is kept with the coordinator's signature: two notes that contradict each other
 * are evidence that anybody can check.
 */
public final class LogWitness {

    private static final int SLICE = 1000;

    private final CoordinatorClient client;
    private final Membership membership;
    private final Path file;

    /**
     * What was verified so far.
     *
     * @param note the signed checkpoint
     * @param read entries before this index were read
     * @param base the last base that they name
     * @param baseIndex where they name it
     */
    record Seen(String note, long read, Optional<Digest> base, long baseIndex) {}

    /** A witness that remembers in {@code home} what it saw. */
    public LogWitness(CoordinatorClient client, Membership membership, NodeHome home) {
        this.client = client;
        this.membership = membership;
        this.file = home.witness().resolve("seen.json");
    }

    /**
     * The checkpoint that proves that {@code base} is the shared base.
     *
     * @throws NodeException {@code NOT_PROVEN}: the log does not say so, or is not signed with the
     *     coordinator's key; {@code SPLIT_VIEW}: the coordinator shows two histories
     */
    public Checkpoint believe(Digest base) {
        Optional<Seen> before = seen();
        String note = client.checkpoint();
        Checkpoint now = verified(note);
        requireGrowth(before, now, note);
        Seen after = read(before, now, note);
        requireIncluded(after, now);
        SafeFile.write(file, new String(CanonicalJson.write(after), StandardCharsets.UTF_8));
        if (!after.base().equals(Optional.of(base))) {
            throw new NodeException(
                    Code.NOT_PROVEN,
                    "the coordinator names %s as the base, but the latest base in its log of %d entries is %s"
                            .formatted(
                                    base.abbreviated(),
                                    now.size(),
                                    after.base().map(Digest::abbreviated).orElse("none")));
        }
        return now;
    }

    private Checkpoint verified(String note) {
        try {
            String origin = SignedNote.parse(note).text().lines().findFirst().orElse("");
            return Checkpoint.verified(note, origin, membership.coordinatorKey());
        } catch (TrustException e) {
            throw new NodeException(
                    Code.NOT_PROVEN,
                    "the log's checkpoint is not signed by the coordinator that this node enrolled"
                            + " with: "
                            + e.getMessage(),
                    e);
        }
    }

    /** The same log, and at least as long, with the old one as its beginning. */
    private void requireGrowth(Optional<Seen> before, Checkpoint now, String note) {
        if (before.isEmpty()) {
            return;
        }
        Checkpoint then = verified(before.get().note());
        if (!then.origin().equals(now.origin()) || now.size() < then.size()) {
            throw split(before.get().note(), note, "the log is another one, or has become shorter");
        }
        List<Digest> hashes =
                then.size() == now.size() || then.size() == 0
                        ? List.of()
                        : client.consistencyProof(then.size(), now.size());
        if (!new ConsistencyProof(then.size(), now.size(), hashes)
                .proves(then.root(), now.root())) {
            throw split(
                    before.get().note(), note, "the old log is not the beginning of the new one");
        }
    }

    private Seen read(Optional<Seen> before, Checkpoint now, String note) {
        Optional<Digest> base = before.flatMap(Seen::base);
        long baseIndex = before.map(Seen::baseIndex).orElse(0L);
        long next = before.map(Seen::read).orElse(0L);
        while (next < now.size()) {
            List<byte[]> entries = client.entries(next, Math.min(now.size(), next + SLICE));
            if (entries.isEmpty()) {
                throw new NodeException(
                        Code.MALFORMED_REPLY, "the log gave no entries from " + next);
            }
            for (byte[] entry : entries) {
                Optional<Digest> named = base(entry);
                if (named.isPresent()) {
                    base = named;
                    baseIndex = next;
                }
                next++;
            }
        }
        return new Seen(note, next, base, baseIndex);
    }

    private static Optional<Digest> base(byte[] entry) {
        try {
            return switch (CanonicalJson.read(entry, ConsortiumEvent.class)) {
                case BaseAdopted adopted -> Optional.of(adopted.base());
                case BasePublished published -> Optional.of(published.base());
                case ConsortiumEvent _ -> Optional.empty();
            };
        } catch (TrustException _) {
            return Optional.empty(); // an event of a later version says nothing about bases
        }
    }

    private void requireIncluded(Seen seen, Checkpoint now) {
        if (seen.base().isEmpty()) {
            return;
        }
        long index = seen.baseIndex();
        byte[] entry = client.entries(index, index + 1).getFirst();
        InclusionProof proof =
                new InclusionProof(index, now.size(), client.inclusionProof(index, now.size()));
        if (!base(entry).equals(seen.base()) || !proof.proves(entry, now.root())) {
            throw new NodeException(
                    Code.NOT_PROVEN,
                    "entry %d, which names the base %s, is not in the log of size %d that the coordinator signed"
                            .formatted(index, seen.base().get().abbreviated(), now.size()));
        }
    }

    private NodeException split(String before, String now, String why) {
        Path evidence = file.resolveSibling("split-view.txt");
        SafeFile.write(evidence, before + "\n----\n" + now);
        return new NodeException(
                Code.SPLIT_VIEW,
                "the coordinator shows two histories: %s. Both signed checkpoints are in %s; show them to the other members"
                        .formatted(why, evidence));
    }

    private Optional<Seen> seen() {
        return Files.exists(file)
                ? Optional.of(
                        CanonicalJson.read(
                                SafeFile.read(file).getBytes(StandardCharsets.UTF_8), Seen.class))
                : Optional.empty();
    }
}
