package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.Contribution;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundInput;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.trust.TrustException;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Takes in contributions: manifest, parts, seal. A member has one open upload at a time; a refusal
 * goes through the {@link RefusalRegister} and the member may try again. Thread-safe.
 */
final class UploadDesk {

    private static final System.Logger LOG = System.getLogger(UploadDesk.class.getName());

    /** Each takes all processors where it can; the second fills what one leaves idle. */
    private static final int EXAMINED_AT_ONCE = 2;

    private static final Duration A_WHILE = Duration.ofSeconds(20);

    /** Less than the five minutes for which nodes wait for an answer. */
    private static final Duration LONG = Duration.ofMinutes(4);

    private final Ledger ledger;
    private final ContributionStore store;
    private final RefusalRegister refusals;
    private final InstantSource clock;
    private final UploadRules rules;
    private final Examination examination;
    private final Disk disk;
    private final Turns readings = new Turns(1, A_WHILE, "manifests");
    private final Turns examinations = new Turns(EXAMINED_AT_ONCE, LONG, "contributions");
    private final ConcurrentMap<MemberId, Upload> open = new ConcurrentHashMap<>();

    /**
     * Held while a member's upload is opened, which may hash all of it; a lock of its own, for what
     * is done within the map keeps other members waiting too.
     */
    private final ConcurrentMap<MemberId, ReentrantLock> openings = new ConcurrentHashMap<>();

    /**
     * Held while room on the disk is looked for and promised, or two would be promised the same.
     */
    private final Object promising = new Object();

    UploadDesk(
            Ledger ledger,
            ContributionStore store,
            ModelStore models,
            RefusalRegister refusals,
            InstantSource clock,
            Disk disk) {
        this.ledger = ledger;
        this.store = store;
        this.refusals = refusals;
        this.clock = clock;
        this.disk = disk;
        this.rules = new UploadRules(ledger, store, clock);
        this.examination = new Examination(ledger, models, clock);
    }

    /**
     * Opens an upload, or goes on with it.
     *
     * @param round the one in the request's path
     * @param envelopeBytes a DSSE envelope around a {@link ContributionManifest}
     * @throws ApiRefusal with a finding
     */
    UploadStatus begin(MemberId member, RoundNumber round, byte[] envelopeBytes) {
        Member known = known(member);
        // Read, a manifest takes tens of times its length: one at a time, of whomever.
        ContributionManifest manifest = readings.take(() -> verified(known, envelopeBytes));
        if (!manifest.round().equals(round)) {
            throw refuse(
                    member,
                    new Refusal(
                            Finding.MALFORMED,
                            "the manifest is for round %s, the address for round %s"
                                    .formatted(manifest.round(), round)));
        }
        Digest contribution = Digest.of(envelopeBytes);
        Consortium consortium = ledger.snapshot().consortium();
        rules.requireCollecting(consortium, manifest);
        Optional<Refusal> refusal = rules.refusal(consortium, manifest);
        if (refusal.isPresent()) {
            throw refuse(member, refusal.get());
        }
        Optional<Contribution> earlier = UploadRules.admitted(consortium, manifest);
        if (earlier.isPresent()) {
            return new UploadStatus(earlier.get().envelope(), List.of());
        }
        Upload upload = opened(contribution, envelopeBytes, manifest, known.signingKey());
        return new UploadStatus(contribution, upload.missing());
    }

    private Upload opened(
            Digest contribution, byte[] envelope, ContributionManifest manifest, String key) {
        MemberId member = manifest.member();
        ReentrantLock opening = openings.computeIfAbsent(member, _ -> new ReentrantLock());
        opening.lock();
        try {
            Upload current = open.get(member);
            if (current != null
                    && !current.isReplaced()
                    && current.contribution().equals(contribution)) {
                return current;
            }
            Upload upload = reopen(current, contribution, envelope, manifest, key);
            synchronized (promising) {
                requireRoom(upload);
                open.put(member, upload);
            }
            return upload;
        } finally {
            opening.unlock();
        }
    }

    /**
     * Refuses an upload before its first byte if the disk could not take the last one, beside what
     * others have announced.
     */
    private void requireRoom(Upload upload) {
        long lacking = upload.lacking();
        long announced =
                open.values().stream()
                        .filter(other -> !other.member().equals(upload.member()))
                        .mapToLong(Upload::lacking)
                        .sum();
        try {
            long room = disk.room(upload.folder());
            if (lacking > room - announced && lacking > 0) {
                String detail =
                        "the coordinator's disk has %,d bytes left, %,d of them for contributions that are being sent; this one needs %,d: nothing of it was taken, it can come when there is room"
                                .formatted(room, announced, lacking);
                LOG.log(System.Logger.Level.WARNING, () -> upload.member() + ": " + detail);
                throw new ApiRefusal(ApiCode.STORAGE, detail);
            }
        } catch (IOException e) {
            throw CoordinatorException.storage("measure", upload.folder(), e);
        }
    }

    private Upload reopen(
            @Nullable Upload current,
            Digest contribution,
            byte[] envelope,
            ContributionManifest manifest,
            String key) {
        if (current == null) {
            return store.open(contribution, envelope, manifest, key, kept(manifest));
        }
        if (!current.sealing().tryLock()) {
            throw new ApiRefusal(
                    ApiCode.NOT_AWAITED,
                    "contribution " + current.contribution() + " is being sealed; ask again later");
        }
        try {
            current.replace();
            return store.open(contribution, envelope, manifest, key, kept(manifest));
        } finally {
            current.sealing().unlock();
        }
    }

    /** What was admitted since the manifest was looked at stays. */
    private Predicate<Digest> kept(ContributionManifest manifest) {
        return envelope -> admitted(manifest.member(), manifest.round(), envelope).isPresent();
    }

    /**
     * Receives a part of the member's open upload.
     *
     * @param sent as it comes
     * @throws ApiRefusal {@code NOT_AWAITED}, {@code WRONG_LENGTH}, {@code DIGEST_MISMATCH}, {@code
     *     SUPERSEDED}, {@code BUSY}, {@code PART_CODING}
     * @param buffers one of which it passes through
     * @throws IOException when the sender stops sending
     */
    void receive(MemberId member, Digest part, PartBody sent, PartBuffers buffers)
            throws IOException, InterruptedException {
        Upload upload = open.get(member);
        if (upload == null || !upload.names(part)) {
            throw Upload.notAwaited(part);
        }
        Optional<ApiRefusal> problem = upload.receive(part, sent, buffers);
        if (problem.isPresent()) {
            throw problem.get();
        }
    }

    /**
     * Judges an upload that is complete and admits it.
     *
     * @throws ApiRefusal with a finding; {@code NOT_AWAITED}: it is not the member's open upload
     * @throws CoordinatorException {@code STORAGE}, {@code MODEL}: it is not the contribution's
     *     fault that it could not be judged; nothing of it is dropped and it can be sealed again
     */
    Accepted seal(MemberId member, RoundNumber round, Digest contribution) {
        Optional<Accepted> earlier = admitted(member, round, contribution);
        if (earlier.isPresent()) {
            return earlier.get();
        }
        Upload upload = open.get(member);
        if (upload == null
                || !upload.contribution().equals(contribution)
                || !upload.manifest().round().equals(round)) {
            throw Upload.notAwaited(contribution);
        }
        upload.sealing().lock();
        try {
            return admitted(member, round, contribution).orElseGet(() -> judge(upload));
        } finally {
            upload.sealing().unlock();
        }
    }

    private Accepted judge(Upload upload) {
        MemberId member = upload.manifest().member();
        if (upload.isReplaced()) {
            throw Upload.notAwaited(upload.contribution());
        }
        List<Digest> missing = upload.missing();
        if (!missing.isEmpty()) {
            throw refuse(
                    member,
                    new Refusal(
                            Finding.INCOMPLETE,
                            "%d parts are missing, the first is %s"
                                    .formatted(missing.size(), missing.getFirst())));
        }
        upload.flush();
        rules.requireCollecting(ledger.snapshot().consortium(), upload.manifest());
        Optional<Refusal> late = rules.refusal(ledger.snapshot().consortium(), upload.manifest());
        RoundInput input =
                late.<RoundInput>map(r -> new RoundInput.Unsound(member, r, clock.instant()))
                        .orElseGet(() -> examinations.take(() -> examination.of(upload)));
        if (late.isEmpty() && input instanceof RoundInput.Unsound && !upload.isIntact()) {
            upload.replace();
            open.remove(member, upload);
            throw new CoordinatorException(
                    CoordinatorException.Code.STORAGE,
                    "%s was damaged on the coordinator's disk after it had arrived: post the manifest again and send what is missing"
                            .formatted(upload.contribution()));
        }
        if (input instanceof RoundInput.Contributed) {
            store.keep(upload);
        }
        RefusalRegister.Decision decision =
                refusals.decide(member, consortium -> rules.asOf(consortium, upload, input));
        if (decision.refusal().isEmpty()) {
            // Examining takes a while: its round may have closed meanwhile.
            rules.requireCollecting(decision.after().consortium(), upload.manifest());
        }
        try {
            // Before another upload can take the same folder.
            decision.refusal().ifPresent(_ -> store.drop(upload));
        } finally {
            open.remove(member, upload);
        }
        if (decision.refusal().isPresent()) {
            throw ApiRefusal.of(decision.refusal().get());
        }
        return new Accepted(decision.after().version());
    }

    /**
     * How much of a contribution has arrived; nothing of nothing where none is on its way.
     *
     * @param received bytes
     * @param expected bytes
     */
    record Arrival(long received, long expected) {}

    /** How far the member's open upload is. */
    Arrival arrival(MemberId member) {
        Upload upload = open.get(member);
        return upload == null
                ? new Arrival(0, 0)
                : new Arrival(upload.arrived(), upload.expected());
    }

    /** Forgets uploads of rounds to which nobody may contribute any more. */
    void forgetAllBut(Set<RoundNumber> rounds) {
        open.values().removeIf(upload -> !rounds.contains(upload.manifest().round()));
    }

    private Member known(MemberId member) {
        Member known = ledger.snapshot().consortium().members().get(member);
        if (known == null) {
            throw refuse(member, new Refusal(Finding.UNKNOWN_MEMBER, member + " is not enrolled"));
        }
        return known;
    }

    private ContributionManifest verified(Member known, byte[] envelopeBytes) {
        MemberId member = known.id();
        try {
            ContributionManifest manifest = SignedManifest.open(envelopeBytes, known.signingKey());
            if (!manifest.member().equals(member)) {
                throw refuse(
                        member,
                        new Refusal(
                                Finding.WRONG_MEMBER,
                                "%s sends the manifest of %s"
                                        .formatted(member, manifest.member())));
            }
            return manifest;
        } catch (TrustException e) {
            throw refuse(member, Signatures.refusal(e));
        }
    }

    private ApiRefusal refuse(MemberId member, Refusal refusal) {
        return ApiRefusal.of(refusals.refuse(member, refusal));
    }

    private Optional<Accepted> admitted(MemberId member, RoundNumber round, Digest envelope) {
        return ledger.history()
                .admitted(member, round)
                .filter(contribution -> contribution.envelope().equals(envelope))
                .map(_ -> new Accepted(ledger.snapshot().version()));
    }
}
