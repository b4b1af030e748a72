package dev.tapestry.training;

import dev.tapestry.consortium.Coded;

/**
 * Training cannot go on; the message says what is wrong, with which value, and what to do about it.
 */
public final class TrainingException extends RuntimeException implements Coded {

    private static final long serialVersionUID = 1L;

    /** What kind of trouble it is. */
    public enum Code {
        /** {@code config.json} cannot be read as a model's configuration. */
        MALFORMED_CONFIG,
        /** The model asks for something this engine does not compute. */
        UNSUPPORTED_MODEL,
        /** The tensors of a model directory are not those its configuration promises. */
        WRONG_TENSORS,
        /** A setting of the plan is out of its range. */
        INVALID_PLAN,
        /** A token id is not in the model's vocabulary. */
        TOKEN_OUT_OF_RANGE,
        /** The corpus holds fewer tokens than one sequence needs. */
        TOO_FEW_TOKENS,
        /** The loss or the gradient stopped being a finite number. */
        NON_FINITE,
        /** A checkpoint is not one, or belongs to another run. */
        WRONG_CHECKPOINT,
        /** The processes of a group did not find each other in time. */
        RENDEZVOUS,
        /** A process of the group ended, or does not answer. */
        WORKER_LOST,
        /** The processes of a group do not have the same plan, data or weights. */
        WORKERS_DIFFER,
        /** The device that is asked for is not here, or libtorch cannot compute on it. */
        DEVICE,
        /** Libtorch failed, most often for want of memory. */
        ENGINE,
        /** The disk or the file system failed. */
        IO
    }

    private final Code code;

    /** An exception of the given kind. */
    public TrainingException(Code code, String message) {
        super(message);
        this.code = code;
    }

    /** An exception of the given kind with its cause. */
    public TrainingException(Code code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** What kind of trouble it is. */
    @Override
    public Code code() {
        return code;
    }
}
