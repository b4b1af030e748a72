package dev.tapestry.node.egress;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.ConsortiumView;
import dev.tapestry.consortium.protocol.CosignatureRequest;
import dev.tapestry.consortium.protocol.CosignedNotes;
import dev.tapestry.consortium.protocol.EnrolmentReply;
import dev.tapestry.consortium.protocol.EnrolmentRequest;
import dev.tapestry.consortium.protocol.LogEntries;
import dev.tapestry.consortium.protocol.LogProof;
import dev.tapestry.consortium.protocol.ModelUpdate;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.RenewalReply;
import dev.tapestry.consortium.protocol.RenewalRequest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.StatusView;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.signature.Envelope;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * The coordinator's routes as methods, see {@code docs/protocol.md}. Thread-safe.
 *
 * <p>Where the protocol lets the coordinator refuse for a reason that a node can do something
 * about, the method returns an {@link Answer}; elsewhere a refusal is a {@link NodeException} with
 * {@code COORDINATOR_REFUSED}.
 */
public final class CoordinatorClient {

    private final EgressGate gate;

    /** All messages go through {@code gate}. */
    public CoordinatorClient(EgressGate gate) {
        this.gate = gate;
    }

    /**
     * The coordinator's protocol and clock, asked once.
     *
     * @throws IOException when it cannot be reached
     */
    public StatusView statusOnce() throws IOException {
        Message message = Message.ask(MessageKind.STATUS, "/v1/status");
        return read(gate.once(message, new ReplySink.Memory()), StatusView.class);
    }

    /** Enrols; the reply is to be believed because of the authority that the gate pins. */
    public Reply<EnrolmentReply> enrol(EnrolmentRequest request) {
        return reply(
                gate.send(
                        Message.tell(
                                MessageKind.ENROLMENT,
                                "/v1/enrolments",
                                CanonicalJson.write(request))),
                EnrolmentReply.class);
    }

    /**
     * Asks once for the node's next certificate.
     *
     * @throws IOException when the coordinator cannot be reached
     */
    public Reply<RenewalReply> renewOnce(RenewalRequest request) throws IOException {
        Message message =
                Message.tell(
                        MessageKind.CERTIFICATE, "/v1/certificate", CanonicalJson.write(request));
        return reply(gate.once(message, new ReplySink.Memory()), RenewalReply.class);
    }

    /** Says, signed with both, that another key takes the place of the member's signing key. */
    public Reply<Accepted> replaceKey(Envelope statement) {
        return reply(
                gate.send(
                        Message.tell(
                                MessageKind.SIGNING_KEY, "/v1/signing-key", statement.bytes())),
                Accepted.class);
    }

    /**
     * The charter, the members, the base, asked once; only an active member gets an answer.
     *
     * @throws IOException when the coordinator cannot be reached
     */
    public Reply<ConsortiumView> consortiumOnce() throws IOException {
        Message message = Message.ask(MessageKind.CONSORTIUM, "/v1/consortium");
        return reply(gate.once(message, new ReplySink.Memory()), ConsortiumView.class);
    }

    /**
     * The loop's state as soon as its version is above {@code after}, or when {@code wait} ends.
     */
    public RoundView round(long after, Duration wait) {
        return read(gate.send(news(after, wait)), RoundView.class);
    }

    /**
     * The same, asked once.
     *
     * @throws IOException when the coordinator cannot be reached
     */
    public RoundView roundOnce(long after, Duration wait) throws IOException {
        return read(gate.once(news(after, wait), new ReplySink.Memory()), RoundView.class);
    }

    private static Message news(long after, Duration wait) {
        return Message.ask(
                MessageKind.ROUND, "/v1/round?after=" + after + "&wait=" + wait.toSeconds());
    }

    /**
     * The manifest of a base or candidate.
     *
     * @throws NodeException {@code DIGEST_MISMATCH} if it is another model's
     */
    public ModelManifest model(Digest digest) {
        ModelManifest manifest =
                ask(MessageKind.MODEL, "/v1/models/" + digest, ModelManifest.class);
        Digest found = CanonicalJson.digest(manifest);
        if (!found.equals(digest)) {
            throw new NodeException(
                    Code.DIGEST_MISMATCH,
                    "the coordinator sent the manifest of model %s for model %s"
                            .formatted(found, digest));
        }
        return manifest;
    }

    /** How to make a base or candidate of the base before it; denied where nobody coded it. */
    public Reply<ModelUpdate> update(Digest model) {
        String path = "/v1/models/" + model + "/update";
        return reply(gate.send(Message.ask(MessageKind.MODEL_UPDATE, path)), ModelUpdate.class);
    }

    /** Offers a signed contribution; again, to hear what is still missing. */
    public Reply<UploadStatus> contribute(RoundNumber round, Envelope contribution) {
        String path = "/v1/rounds/" + round + "/contributions";
        return reply(
                gate.send(Message.tell(MessageKind.CONTRIBUTION, path, contribution.bytes())),
                UploadStatus.class);
    }

    /** Says that all parts of a contribution are there. */
    public Answer seal(RoundNumber round, Digest contribution) {
        String path = "/v1/rounds/" + round + "/contributions/" + contribution + "/seal";
        return gate.send(Message.ask(MessageKind.SEAL, path));
    }

    /** Sends a signed score. */
    public Answer score(RoundNumber round, Envelope score) {
        return gate.send(
                Message.tell(MessageKind.SCORE, "/v1/rounds/" + round + "/scores", score.bytes()));
    }

    /**
     * Says once what the node is doing.
     *
     * @throws IOException when the coordinator cannot be reached
     */
    public void tellOnce(Activity activity) throws IOException {
        gate.once(
                Message.tell(MessageKind.ACTIVITY, "/v1/activity", CanonicalJson.write(activity)),
                new ReplySink.Memory());
    }

    /** The log's signed checkpoint: a signed note. */
    public String checkpoint() {
        byte[] note =
                accepted(gate.send(Message.ask(MessageKind.CHECKPOINT, "/v1/log/checkpoint")));
        return new String(note, StandardCharsets.UTF_8);
    }

    /**
     * The agreement by which the members moved the coordinator away, or here; asked once.
     *
     * @throws IOException when the coordinator cannot be reached
     */
    public Optional<byte[]> moveOnce() throws IOException {
        Message message = Message.ask(MessageKind.MOVE, "/v1/move");
        return switch (gate.once(message, new ReplySink.Memory())) {
            case Answer.Accepted(byte[] body) -> Optional.of(body);
            case Answer.Refused _ -> Optional.empty();
        };
    }

    /** Hands in that this node has seen the log of this size. */
    public Answer cosign(long size, CosignatureRequest cosignature) {
        String path = "/v1/log/checkpoints/" + size + "/cosignature";
        return gate.send(
                Message.tell(MessageKind.COSIGNATURE, path, CanonicalJson.write(cosignature)));
    }

    /** The checkpoints that members have co-signed; denied by a coordinator that knows none. */
    public Reply<CosignedNotes> cosigned() {
        return reply(
                gate.send(Message.ask(MessageKind.COSIGNATURES, "/v1/log/cosignatures")),
                CosignedNotes.class);
    }

    /** Entries {@code from} to {@code to}, exclusive; perhaps fewer, at least one. */
    public List<byte[]> entries(long from, long to) {
        String path = "/v1/log/entries?from=" + from + "&to=" + to;
        LogEntries slice = ask(MessageKind.ENTRIES, path, LogEntries.class);
        try {
            return slice.entries().stream().map(Base64.getDecoder()::decode).toList();
        } catch (IllegalArgumentException e) {
            throw new NodeException(
                    Code.MALFORMED_REPLY, "an entry of the log did not come as base64", e);
        }
    }

    /** Proves that the log of size {@code to} begins with the log of size {@code from}. */
    public List<Digest> consistencyProof(long from, long to) {
        String path = "/v1/log/proofs/consistency?from=" + from + "&to=" + to;
        return ask(MessageKind.CONSISTENCY_PROOF, path, LogProof.class).hashes();
    }

    /** Bytes that have passed the gate. */
    public Traffic traffic() {
        return gate.traffic();
    }

    EgressGate gate() {
        return gate;
    }

    private <T> T ask(MessageKind kind, String path, Class<T> type) {
        return read(gate.send(Message.ask(kind, path)), type);
    }

    private static <T> Reply<T> reply(Answer answer, Class<T> type) {
        return switch (answer) {
            case Answer.Accepted accepted -> new Reply.Given<>(read(accepted, type));
            case Answer.Refused refused -> new Reply.Denied<>(refused);
        };
    }

    private static <T> T read(Answer answer, Class<T> type) {
        byte[] body = accepted(answer);
        try {
            return CanonicalJson.read(body, type);
        } catch (TrustException e) {
            throw new NodeException(
                    Code.MALFORMED_REPLY,
                    "the coordinator's answer is not a "
                            + type.getSimpleName()
                            + " of protocol version "
                            + Protocol.VERSION
                            + ": "
                            + e.getMessage(),
                    e);
        }
    }

    private static byte[] accepted(Answer answer) {
        return switch (answer) {
            case Answer.Accepted(byte[] body) -> body;
            case Answer.Refused(int status, String code, String detail) ->
                    throw new NodeException(
                            Code.COORDINATOR_REFUSED, status + " " + code + ": " + detail);
        };
    }
}
