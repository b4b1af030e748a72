package dev.tapestry.node.egress;

import dev.tapestry.consortium.Digest;
import java.nio.file.Path;

/**
 * One message that wants to leave.
 *
 * @param kind what it is
 * @param path with its query, below the coordinator's address
 * @param content what it carries
 * @param asksFirst whether the body is sent only once the coordinator has agreed to the head (RFC
 *     9110 §10.1.1), which costs a round trip
 * @param compressed whether a part that is sent is compressed on its way, and one that is fetched
 *     may be
 */
record Message(
        MessageKind kind, String path, Content content, boolean asksFirst, boolean compressed) {

    /** What a message carries. */
    sealed interface Content {

        /** Its length in bytes. */
        long bytes();

        /** Nothing. */
        record Nothing() implements Content {
            @Override
            public long bytes() {
                return 0;
            }
        }

        /** A document. */
        @SuppressWarnings("ArrayRecordComponent") // carried, never compared
        record Document(byte[] body) implements Content {
            @Override
            public long bytes() {
                return body.length;
            }
        }

        /** A slice of a file: a part of contributed weights. */
        record Slice(Path file, long offset, long bytes, Digest digest) implements Content {}
    }

    static Message ask(MessageKind kind, String path) {
        return new Message(kind, path, new Content.Nothing(), false, false);
    }

    /** Fetches a part of a model. */
    static Message fetch(Digest part, boolean compressed) {
        return new Message(
                MessageKind.PART_DOWNLOAD,
                "/v1/parts/" + part,
                new Content.Nothing(),
                false,
                compressed);
    }

    static Message tell(MessageKind kind, String path, byte[] body) {
        return new Message(kind, path, new Content.Document(body), false, false);
    }

    /** A part of contributed weights. */
    static Message part(Content.Slice slice, boolean asksFirst, boolean compressed) {
        return new Message(
                MessageKind.PART_UPLOAD,
                "/v1/parts/" + slice.digest(),
                slice,
                asksFirst,
                compressed);
    }

    /** The same, asking first if there is a body worth it. */
    Message asking() {
        return new Message(kind, path, content, kind == MessageKind.PART_UPLOAD, compressed);
    }

    boolean isPart() {
        return kind == MessageKind.PART_UPLOAD || kind == MessageKind.PART_DOWNLOAD;
    }

    /** The same, with its part as it is. */
    Message plain() {
        return new Message(kind, path, content, asksFirst, false);
    }
}
