package dev.tapestry.weights;

import dev.tapestry.consortium.Coded;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Weights could not be read, written or converted.
 *
 * <p>The message says what is wrong, at which byte of which file, and what to do about it.
 */
public final class WeightsException extends RuntimeException implements Coded {

    private static final long serialVersionUID = 1L;

    /** What kind of trouble it is, for programs. */
    public enum Code {
        /** The operating system refused to read or write. */
        IO,
        /** There is not enough room on the disk for what is to be written. */
        NO_SPACE,
        /** A file that a model needs is not there. */
        MISSING_FILE,
        /** The target of a write exists already, or cannot be written to. */
        TARGET,
        /** The header's length is impossible for this file or over the format's limit. */
        HEADER_LENGTH,
        /** The header is not UTF-8 or not the JSON that the format asks for. */
        HEADER_JSON,
        /** An entry of the header lacks a field, has one too many or one of the wrong kind. */
        HEADER_FIELD,
        /** A dtype that this format or this platform does not know. */
        DTYPE,
        /** A shape with negative or overflowing dimensions, or one that contradicts the data. */
        SHAPE,
        /** Data offsets that overlap, leave a gap, run backwards or do not fill the file. */
        OFFSETS,
        /** The shard index contradicts the shards or names files outside the directory. */
        INDEX,
        /** A tensor was asked for that is not there, or given twice. */
        TENSOR,
        /** A number is NaN or infinite where it must not be. */
        NOT_FINITE,
        /** A codec that is unknown, or a file that is no coded update or residual. */
        CODEC,
        /** The bytes of a coded tensor are not what its codec writes. */
        PAYLOAD,
        /** A part that was compressed for its way is not what zstd writes, or too long for one. */
        PART_CODING,
        /** A well-formed model that this platform cannot export or convert. */
        UNSUPPORTED
    }

    private final Code code;

    public WeightsException(Code code, String message) {
        super(message);
        this.code = code;
    }

    public WeightsException(Code code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** Wraps what the operating system said about {@code path} while we were {@code doing} it. */
    public static WeightsException io(String doing, Path path, IOException cause) {
        return new WeightsException(
                Code.IO, "could not " + doing + " " + path + ": " + cause, cause);
    }

    /** The kind of trouble. */
    @Override
    public Code code() {
        return code;
    }
}
