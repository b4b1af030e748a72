package dev.tapestry.consortium.protocol;

/**
 * A node asks for its next certificate.
 *
 * @param certificateRequest PKCS#10 in PEM, for a new key that never leaves the node
 */
public record RenewalRequest(String certificateRequest) {}
