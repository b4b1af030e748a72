package dev.tapestry.acceptance.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.acceptance.fuzz.ForeignReader.Language;
import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.CoordinatorMove;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Grounds;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Score;
import dev.tapestry.consortium.Standstill;
import dev.tapestry.consortium.Successor;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.ConsortiumView;
import dev.tapestry.consortium.protocol.CosignatureRequest;
import dev.tapestry.consortium.protocol.CosignedNotes;
import dev.tapestry.consortium.protocol.Ending;
import dev.tapestry.consortium.protocol.EnrolmentReply;
import dev.tapestry.consortium.protocol.EnrolmentRequest;
import dev.tapestry.consortium.protocol.ErrorReply;
import dev.tapestry.consortium.protocol.Failure;
import dev.tapestry.consortium.protocol.Hindrance;
import dev.tapestry.consortium.protocol.LogEntries;
import dev.tapestry.consortium.protocol.LogProof;
import dev.tapestry.consortium.protocol.ModelUpdate;
import dev.tapestry.consortium.protocol.Presence;
import dev.tapestry.consortium.protocol.PresenceView;
import dev.tapestry.consortium.protocol.RenewalReply;
import dev.tapestry.consortium.protocol.RenewalRequest;
import dev.tapestry.consortium.protocol.RevocationRequest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundWork;
import dev.tapestry.consortium.protocol.ScoreReport;
import dev.tapestry.consortium.protocol.StatusView;
import dev.tapestry.consortium.protocol.StopRequest;
import dev.tapestry.consortium.protocol.TokenRequest;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.signature.KeyReplacement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** The documents of the HTTP contract, both ways, and the entries of the log. */
final class DocumentReaders {

    /** What the coordinator reads. */
    private static final List<Class<?>> REQUESTS =
            List.of(
                    EnrolmentRequest.class,
                    TokenRequest.class,
                    RunPlan.class,
                    StopRequest.class,
                    RevocationRequest.class,
                    Activity.class,
                    ContributionManifest.class,
                    ScoreReport.class,
                    CosignatureRequest.class,
                    RenewalRequest.class,
                    KeyReplacement.class);

    /** What members hand each other to sign, as files. */
    private static final List<Class<?>> MOVES = List.of(CoordinatorMove.class, Successor.class);

    /** What a node, or the steward's command, reads. */
    private static final List<Class<?>> REPLIES =
            List.of(
                    EnrolmentReply.class,
                    StatusView.class,
                    ConsortiumView.class,
                    PresenceView.class,
                    RoundView.class,
                    ModelManifest.class,
                    ModelUpdate.class,
                    LogEntries.class,
                    LogProof.class,
                    UploadStatus.class,
                    Accepted.class,
                    RenewalReply.class,
                    CosignedNotes.class,
                    ErrorReply.class);

    private static final Digest DIGEST = Digest.of(new byte[0]);
    private static final MemberId ADA = new MemberId("ada");

    private DocumentReaders() {}

    static List<ForeignReader> all() {
        return List.of(
                reader("requests", REQUESTS, requests()),
                reader("replies", REPLIES, replies()),
                reader("move-statements", MOVES, moves()),
                reader("log-entries", List.of(ConsortiumEvent.class), entries()));
    }

    /** Whatever one end of the contract reads of the other. */
    static Set<Class<?>> contract() {
        Set<Class<?>> types = new HashSet<>(REQUESTS);
        types.addAll(REPLIES);
        return types;
    }

    private static ForeignReader reader(String name, List<Class<?>> types, List<Object> seeds) {
        return new ForeignReader(
                Language.JSON,
                name,
                "TrustException",
                (bytes, _) -> read(bytes, types),
                _ -> seeds.stream().map(CanonicalJson::write).toList());
    }

    /** As each of the types; refused if it is none of them. */
    private static void read(byte[] bytes, List<Class<?>> types) {
        List<TrustException> refusals = new ArrayList<>();
        for (Class<?> type : types) {
            Object document;
            try {
                document = CanonicalJson.read(bytes, type);
            } catch (TrustException e) {
                refusals.add(e);
                continue;
            }
            ForeignReader.requireEqual(
                    document, CanonicalJson.read(CanonicalJson.write(document), type));
        }
        if (refusals.size() == types.size()) {
            throw refusals.getFirst();
        }
    }

    private static List<Object> requests() {
        return List.of(
                new EnrolmentRequest(ADA, "A".repeat(43), "PEM", "ed25519:x"),
                new TokenRequest(ADA, Duration.ofHours(1)),
                new StopRequest("seen enough"),
                new RevocationRequest("left"),
                new CosignatureRequest("— ada AAAA"),
                new RenewalRequest("PEM"),
                new KeyReplacement(ADA, "ed25519:x", "ed25519:y"),
                new Activity(
                        3,
                        Activity.Doing.HINDERED,
                        1,
                        2,
                        Optional.of("STORAGE"),
                        Optional.of("the disk is full")),
                new ContributionManifest(
                                new RoundNumber(1), ADA, DIGEST, DIGEST, model(), 4096, 10, 2.5)
                        .on(Optional.of(new Grounds(DIGEST, 3, DIGEST, Optional.of(DIGEST)))),
                new ScoreReport(new RoundNumber(1), ADA, DIGEST, new Score(2.0, 2.1, 1000)));
    }

    private static ModelManifest model() {
        return new ModelManifest(
                List.of(
                        new ModelManifest.File(
                                "model.safetensors",
                                7,
                                List.of(new ModelManifest.Part(DIGEST, 7)))));
    }

    private static List<Object> replies() {
        return List.of(
                new EnrolmentReply("alliance", "PEM", "PEM", "ed25519:x"),
                new StatusView(1, List.of(1), Instant.EPOCH),
                model(),
                new LogEntries(0, List.of("e30=")),
                new LogProof(List.of(DIGEST)),
                new UploadStatus(DIGEST, List.of(DIGEST)),
                new Accepted(7),
                new RenewalReply("PEM", "PEM"),
                new CosignedNotes(List.of("a note")),
                new ConsortiumView(
                        Charter.standard("alliance"),
                        "ed25519:x",
                        List.of(ADA),
                        Optional.of(DIGEST),
                        9),
                new PresenceView(
                        Instant.EPOCH,
                        List.of(
                                new Presence(
                                        ADA,
                                        true,
                                        Optional.of(Instant.EPOCH),
                                        Optional.empty(),
                                        Optional.empty(),
                                        1,
                                        2,
                                        Optional.of(
                                                new Failure(
                                                        3,
                                                        Optional.empty(),
                                                        "STORAGE",
                                                        Optional.of("full"),
                                                        Instant.EPOCH)))),
                        List.of(new Ending("ada", Instant.EPOCH, "enrol again")),
                        Optional.of(new Hindrance("STORAGE", "full", Instant.EPOCH)),
                        Optional.of(1),
                        Optional.of(
                                new RoundWork(
                                        3,
                                        RoundWork.Step.MERGING,
                                        1,
                                        8,
                                        40,
                                        100,
                                        Instant.EPOCH,
                                        Instant.EPOCH,
                                        Optional.of(Duration.ofMinutes(36)))),
                        Optional.of(
                                new Standstill(Standstill.Code.BELOW_QUORUM, "invite another"))),
                new ErrorReply("INTERNAL", new String("größer".getBytes(UTF_8), UTF_8)));
    }

    private static List<Object> moves() {
        Successor to = new Successor("ed25519:y", "https://hub.example:8443", DIGEST);
        return List.of(
                to, new CoordinatorMove("alliance", "tapestry/0123456789ab", 9, DIGEST, "x", to));
    }

    private static List<Object> entries() {
        return List.of(
                new ConsortiumEvent.TokenIssued(ADA, DIGEST, Instant.EPOCH, Instant.EPOCH),
                new ConsortiumEvent.MemberEnrolled(ADA, DIGEST, "key", DIGEST, Instant.EPOCH),
                new ConsortiumEvent.MemberRevoked(ADA, "left", Instant.EPOCH),
                new ConsortiumEvent.RunStopped("seen enough", Instant.EPOCH));
    }
}
