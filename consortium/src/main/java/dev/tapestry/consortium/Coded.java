package dev.tapestry.consortium;

/**
 * A failure whose kind is told by a stable code: every room's own exception is one, so that whoever
 * must tell kinds apart need not know the rooms.
 *
 * <p>Names that mean the same wherever they occur: {@code STORAGE}, {@code IO} and {@code NO_SPACE}
 * (the disk refused), {@code ADDRESS} (the network address cannot be had), {@code STOPPED}
 * (somebody asked for the end).
 */
public interface Coded {

    /** What kind of thing failed. */
    Enum<?> code();
}
