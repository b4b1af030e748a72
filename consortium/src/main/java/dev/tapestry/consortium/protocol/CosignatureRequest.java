package dev.tapestry.consortium.protocol;

/**
 * A member has seen a checkpoint.
 *
 * @param cosignature its signature line, as it stands in a signed note
 */
public record CosignatureRequest(String cosignature) {}
