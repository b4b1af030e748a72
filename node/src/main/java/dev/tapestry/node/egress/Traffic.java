package dev.tapestry.node.egress;

/**
 * Bytes of HTTP bodies.
 *
 * @param up that left the node
 * @param down that arrived
 */
public record Traffic(long up, long down) {}
