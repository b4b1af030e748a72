package dev.tapestry.consortium.protocol;

/**
 * The body of every response that is not a success.
 *
 * @param code a {@link dev.tapestry.consortium.Finding} or another stable code of the protocol
 * @param detail what was wrong, with which value, and what to do
 */
public record ErrorReply(String code, String detail) {}
