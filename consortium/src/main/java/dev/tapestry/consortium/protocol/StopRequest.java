package dev.tapestry.consortium.protocol;

/**
 * The steward ends the run under way.
 *
 * @param reason for the log, and for members
 */
public record StopRequest(String reason) {}
