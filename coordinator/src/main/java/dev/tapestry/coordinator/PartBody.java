package dev.tapestry.coordinator;

import dev.tapestry.weights.transfer.CodedInput;
import dev.tapestry.weights.transfer.PartCoding;
import java.io.IOException;
import java.io.InputStream;
import java.util.OptionalLong;

/**
 * A part as somebody sends it.
 *
 * @param body what comes, from its first byte on
 * @param announced its length, if the sender said one
 * @param compressed whether it is in the coding of {@link PartCoding}
 */
record PartBody(InputStream body, OptionalLong announced, boolean compressed) {

    /** Whether the sender says himself that it is not a part of so many bytes. */
    boolean deniesToHave(long bytes) {
        return announced.isPresent()
                && (compressed
                        ? announced.getAsLong() > PartCoding.longest(bytes)
                        : announced.getAsLong() != bytes);
    }

    /** Memory that reading it takes besides its buffer. */
    long memory() {
        return compressed ? CodedInput.MEMORY_BYTES : 0;
    }

    /**
     * The part itself, to be closed.
     *
     * @param bytes that it should have
     */
    InputStream open(long bytes) throws IOException {
        return compressed ? new CodedInput(body, bytes) : body;
    }
}
