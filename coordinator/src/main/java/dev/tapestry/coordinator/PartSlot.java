package dev.tapestry.coordinator;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * One part of a contribution: where its bytes go, and whether they are here.
 *
 * <p>Only the newest sender of a part writes, so that a connection that hangs cannot keep the part
 * from arriving, nor spoil it later. Thread-safe.
 */
final class PartSlot {

    private final long bytes;
    private final List<Place> places;
    private boolean received;
    private long arrived;
    private long newestClaim;

    /**
     * A place of the part's bytes; a part that occurs twice has two.
     *
     * @param file in which
     * @param offset in bytes
     */
    record Place(Path file, long offset) {}

    PartSlot(long bytes, List<Place> places) {
        this.bytes = bytes;
        this.places = List.copyOf(places);
    }

    long bytes() {
        return bytes;
    }

    List<Place> places() {
        return places;
    }

    synchronized boolean received() {
        return received;
    }

    synchronized void markReceived() {
        received = true;
    }

    /** Bytes that are here, of the newest sender if it is not done. */
    synchronized long arrived() {
        return received ? bytes : arrived;
    }

    /** Makes the caller the one sender that may write; empty when the part is here already. */
    synchronized OptionalLong claim() {
        if (received) {
            return OptionalLong.empty();
        }
        arrived = 0;
        return OptionalLong.of(++newestClaim);
    }

    /** Writes a piece, unless a newer sender has taken over. */
    synchronized boolean ifClaimedBy(
            long claim, PartWriter writer, byte[] piece, int length, long at) {
        if (received || claim != newestClaim) {
            return false;
        }
        writer.write(piece, length, at);
        arrived = at + length;
        return true;
    }

    /** The sender has written everything, and it is right; false if a newer one has taken over. */
    synchronized boolean finish(long claim) {
        received |= claim == newestClaim;
        return received;
    }
}
