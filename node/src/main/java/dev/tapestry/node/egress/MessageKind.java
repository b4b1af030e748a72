package dev.tapestry.node.egress;

import java.util.regex.Pattern;

/** Every kind of message that a node may send, and the one form that it has. */
public enum MessageKind {
    /** The node's first message: a certificate request and a public key. */
    ENROLMENT("POST", "/v1/enrolments"),
    /** Asks for the node's next certificate: a request for a new key. */
    CERTIFICATE("POST", "/v1/certificate"),
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
    CONSISTENCY_PROOF("GET", "/v1/log/proofs/consistency\\?from=[0-9]+&to=[0-9]+");

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
