package dev.tapestry.consortium.protocol;

/**
 * A node's next certificate; it counts from its first use on.
 *
 * @param certificate the node's certificate, PEM
 * @param authority the consortium's certificate authority that issued it, PEM
 */
public record RenewalReply(String certificate, String authority) {}
