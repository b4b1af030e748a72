package dev.tapestry.node.egress;

/** What the coordinator answered. */
public sealed interface Answer {

    /**
     * A success.
     *
     * @param body what it carried; empty when it went to a file
     */
    @SuppressWarnings("ArrayRecordComponent") // carried, never compared
    record Accepted(byte[] body) implements Answer {}

    /**
     * A refusal: the request is understood and the answer is no.
     *
     * @param status HTTP status, 400 to 499
     * @param code stable, for programs
     * @param detail for people
     */
    record Refused(int status, String code, String detail) implements Answer {}
}
