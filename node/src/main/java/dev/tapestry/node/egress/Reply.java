package dev.tapestry.node.egress;

/** A document, or the coordinator's refusal to give it. */
public sealed interface Reply<T> {

    /** The document. */
    record Given<T>(T document) implements Reply<T> {}

    /** The refusal. */
    record Denied<T>(Answer.Refused refusal) implements Reply<T> {}
}
