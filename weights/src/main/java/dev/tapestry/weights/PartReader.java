package dev.tapestry.weights;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest.Part;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * Reads one part of a file.
 *
 * @param channel the open file
 * @param from where in it the part begins, in bytes
 * @param bytes how long it is
 */
record PartReader(FileChannel channel, Path file, long from, long bytes) {

    static final int BUFFER_BYTES = 1 << 18;

    /** Hashes the part, and remembers its checksum. */
    Part read(PartSums sums) {
        MessageDigest hash = Digest.sha256();
        CRC32C crc = new CRC32C();
        each(piece -> {
            crc.update(piece.duplicate());
            hash.update(piece);
        });
        Digest digest = Digest.ofHash(hash.digest());
        sums.learn(digest, (int) crc.getValue());
        return new Part(digest, bytes);
    }

    /**
     * Has the digest that it should have if the checksum of that is known and fits, or is hashed.
     */
    Part read(Digest expected, PartSums sums) {
        return sums.of(expected).filter(sum -> sum == checksum()).isPresent()
                ? new Part(expected, bytes)
                : read(sums);
    }

    private int checksum() {
        CRC32C crc = new CRC32C();
        each(crc::update);
        return (int) crc.getValue();
    }

    private void each(Consumer<ByteBuffer> piece) {
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        try {
            for (long at = from; at < from + bytes; ) {
                buffer.clear().limit((int) Math.min(BUFFER_BYTES, from + bytes - at));
                int read = channel.read(buffer, at);
                if (read < 0) {
                    throw new EOFException("it became shorter while it was read");
                }
                piece.accept(buffer.flip());
                at += read;
            }
        } catch (IOException e) {
            throw WeightsException.io("read", file, e);
        }
    }
}
