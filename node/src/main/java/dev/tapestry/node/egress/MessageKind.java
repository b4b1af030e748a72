package dev.tapestry.node.egress;

import java.util.regex.Pattern;

/** Every kind of message that a node may send, and the one form that it has. */
public enum MessageKind {
    /** The node's first message: a certificate request and a public key. */
    ENROLMENT("POST", "/v1/enrolments"),
    /** Asks for the node's next certificate: a request for a new key. */
    CERTIFICATE("POST", "/v1/certificate"),
    /** Says that the node signs with another key: its public half, signed with both. */
    SIGNING_KEY("POST", "/v1/signing-key"),
    /** Asks for the coordinator's protocol and clock. */
    STATUS("GET", "/v1/status"),
    /** Asks for the charter and the members. */
    CONSORTIUM("GET", "/v1/consortium"),
    /** Asks where the loop is; waits for news. */
    ROUND("GET", "/v1/round\\?after=[0-9]+&wait=[0-9]+"),
    /** Asks for a model's manifest. */
    MODEL("GET", "/v1/models/[0-9a-f]{64}"),
    /** Asks how to make a model of the base before it. */
    MODEL_UPDATE("GET", "/v1/models/[0-9a-f]{64}/update"),
    /** Fetches a part of a model, or of a model's update. */
    PART_DOWNLOAD("GET", "/v1/parts/[0-9a-f]{64}"),
    /** Sends the signed manifest of a contribution. */
    CONTRIBUTION("POST", "/v1/rounds/[0-9]+/contributions"),
    /** Sends a part of contributed weights, or of their update. */
    PART_UPLOAD("PUT", "/v1/parts/[0-9a-f]{64}"),
    /** Says that a contribution is complete. */
    SEAL("POST", "/v1/rounds/[0-9]+/contributions/[0-9a-f]{64}/seal"),
    /** Sends a signed score: numbers only. */
    SCORE("POST", "/v1/rounds/[0-9]+/scores"),
    /** Says what the node is doing, as far as the member lets it. */
    ACTIVITY("PUT", "/v1/activity"),
    /** Asks for the log's signed checkpoint. */
    CHECKPOINT("GET", "/v1/log/checkpoint"),
    /** Says how much of the log the node has seen. */
    COSIGNATURE("PUT", "/v1/log/checkpoints/[0-9]+/cosignature"),
    /** Asks how much of the log the other members have seen. */
    COSIGNATURES("GET", "/v1/log/cosignatures"),
    /** Asks how the members moved the coordinator. */
    MOVE("GET", "/v1/move"),
    /** Asks for a slice of the log. */
    ENTRIES("GET", "/v1/log/entries\\?from=[0-9]+&to=[0-9]+"),
    /** Asks for a proof that an entry is in the log; older receipts are of this kind. */
    INCLUSION_PROOF("GET", "/v1/log/proofs/inclusion\\?index=[0-9]+&size=[0-9]+"),
    /** Asks for a proof that the log only grew. */
    CONSISTENCY_PROOF("GET", "/v1/log/proofs/consistency\\?from=[0-9]+&to=[0-9]+"),
    /** Puts a file of a carried round into the member's object store. */
    BOX_UPLOAD("PUT", Stored.OBJECT),
    /** Fetches such a file. */
    BOX_DOWNLOAD("GET", Stored.OBJECT),
    /** Asks which of them are there. */
    BOX_LIST("GET", Stored.FOLDER),
    /** Deletes one that is not needed any more. */
    BOX_DELETE("DELETE", Stored.OBJECT),
    /** Asks the member's own judge what an answer is worth. */
    JUDGEMENT(
            "POST",
            "(https://[A-Za-z0-9.\\-\\[\\]:]+|http://(127\\.0\\.0\\.1|localhost|\\[::1\\])(:[0-9]+)?)(/[A-Za-z0-9._-]+)*/chat/completions");

    /** What a carried round has in an object store. */
    private static final class Stored {
        private static final String PREFIX = "s3://[a-z0-9.-]{3,63}/([A-Za-z0-9._-]+/)*";
        static final String OBJECT = PREFIX + "(orders|results)(\\.json|/[0-9a-f]{64})";
        static final String FOLDER = PREFIX + "((orders|results)/)?";
    }

    private final String method;
    private final Pattern path;

    MessageKind(String method, String path) {
        this.method = method;
        this.path = Pattern.compile(path);
    }

    /** The HTTP method. */
    String method() {
        return method;
    }

    /** Whether a path with its query has this kind's form. */
    boolean allows(String pathAndQuery) {
        return path.matcher(pathAndQuery).matches();
    }

    /** Whether nothing leaves with it and there are many of it: its receipt may wait for others. */
    boolean fetchesWeights() {
        return this == PART_DOWNLOAD;
    }
}
