package dev.tapestry.consortium.protocol;

/**
 * Something was written to the coordinator's log.
 *
 * @param logSize size of the log that contains it
 */
public record Accepted(long logSize) {}
