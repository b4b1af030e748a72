package dev.tapestry.node.egress;

import dev.tapestry.weights.transfer.PartCoding;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalDouble;

/**
 * Whether a part travels compressed: only to a coordinator that says that it takes them so, and
 * only where the line is so slow that it gains time. Before the line's rate is known parts travel
 * as they are. Thread-safe.
 */
final class Compression {

    /**
     * On a faster line no part is fetched compressed: 200 Mbit/s, where a part that becomes a tenth
     * shorter has just been worth the time of both ends. Which parts do, the coordinator sees.
     */
    private static final double FETCHING_BYTES_PER_SECOND = 25e6;

    private final EgressGate gate;

    Compression(EgressGate gate) {
        this.gate = gate;
    }

    /** Whether a part that is fetched may come compressed. */
    boolean wanted() {
        OptionalDouble rate = gate.down().bytesPerSecond();
        return gate.takesCompressed()
                && rate.isPresent()
                && rate.getAsDouble() < FETCHING_BYTES_PER_SECOND;
    }

    /** Whether a part that is sent gains time by it, as a sample says. */
    boolean pays(Path file, long offset, long bytes) {
        OptionalDouble rate = rate();
        if (bytes == 0 || rate.isEmpty() || !gate.takesCompressed()) {
            return false;
        }
        // From the middle: at the beginning of a file is its header, which is like no other part.
        int count = (int) Math.min(PartCoding.CHUNK_BYTES, bytes);
        byte[] sample = new byte[count];
        return read(file, offset + (bytes - count) / 2, ByteBuffer.wrap(sample))
                && PartCoding.trial(sample, count).pays(rate.getAsDouble());
    }

    /** Nothing was sent yet: lines seldom carry more up than down. */
    private OptionalDouble rate() {
        OptionalDouble up = gate.up().bytesPerSecond();
        return up.isPresent() ? up : gate.down().bytesPerSecond();
    }

    private static boolean read(Path file, long from, ByteBuffer sample) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            while (sample.hasRemaining()) {
                if (channel.read(sample, from + sample.position()) < 0) {
                    return false;
                }
            }
            return true;
        } catch (IOException _) {
            // Who sends it finds the same, and says so.
            return false;
        }
    }
}
