package dev.tapestry.node.egress;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.node.NodeException;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.transfer.CodedInput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.security.MessageDigest;

/** Where the body of a successful reply goes. */
sealed interface ReplySink {

    /**
     * Takes the whole body; what it returns is the answer's.
     *
     * @throws IOException when trying again may help
     * @throws NodeException {@code MALFORMED_REPLY}, {@code STORAGE}: it does not
     */
    byte[] take(InputStream in) throws IOException;

    /** Takes a whole body that is compressed as parts may be. */
    byte[] takeCompressed(InputStream in) throws IOException;

    /** Documents: at most 32 MiB. */
    record Memory() implements ReplySink {
        private static final int MAX_BYTES = 32 << 20;

        @Override
        public byte[] take(InputStream in) throws IOException {
            byte[] body = in.readNBytes(MAX_BYTES + 1);
            if (body.length > MAX_BYTES) {
                throw new NodeException(
                        NodeException.Code.MALFORMED_REPLY,
                        "the coordinator sent a document of more than %,d bytes"
                                .formatted(MAX_BYTES));
            }
            return body;
        }

        @Override
        public byte[] takeCompressed(InputStream in) {
            throw new NodeException(
                    NodeException.Code.MALFORMED_REPLY, "a document came compressed, unasked");
        }
    }

    /**
     * A part, written where it belongs while it is digested.
     *
     * @param file open for writing
     * @param offset of the part in it
     */
    record Place(FileChannel file, long offset, ModelManifest.Part part) implements ReplySink {
        private static final int CHUNK_BYTES = 256 << 10;

        @Override
        public byte[] take(InputStream in) throws IOException {
            MessageDigest sha = Digest.sha256();
            byte[] chunk = new byte[CHUNK_BYTES];
            long done = 0;
            // A TLS record brings 16 KiB; whole chunks cost fewer calls of the disk.
            for (int read; (read = in.readNBytes(chunk, 0, chunk.length)) > 0; ) {
                if (done + read > part.bytes()) {
                    throw new PartRefusedException(part, "more than " + part.bytes() + " bytes");
                }
                sha.update(chunk, 0, read);
                store(ByteBuffer.wrap(chunk, 0, read), offset + done);
                done += read;
            }
            Digest found = Digest.ofHash(sha.digest());
            if (done != part.bytes() || !found.equals(part.digest())) {
                throw new PartRefusedException(part, done + " bytes with digest " + found);
            }
            return new byte[0];
        }

        @Override
        public byte[] takeCompressed(InputStream in) throws IOException {
            try (CodedInput decoded = new CodedInput(in, part.bytes())) {
                return take(decoded);
            } catch (WeightsException e) {
                throw new PartRefusedException(part, String.valueOf(e.getMessage()));
            }
        }

        private void store(ByteBuffer bytes, long at) {
            try {
                for (long next = at; bytes.hasRemaining(); ) {
                    next += file.write(bytes, next);
                }
            } catch (IOException e) {
                // Not the network: trying again would not help.
                throw new NodeException(
                        NodeException.Code.STORAGE, "cannot store what arrived: " + e, e);
            }
        }
    }
}
