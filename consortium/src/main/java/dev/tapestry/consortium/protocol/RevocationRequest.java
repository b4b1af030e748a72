package dev.tapestry.consortium.protocol;

/**
 * The steward revokes a member.
 *
 * @param reason what everybody will read in the log
 */
public record RevocationRequest(String reason) {}
