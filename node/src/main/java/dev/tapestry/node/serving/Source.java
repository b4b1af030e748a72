package dev.tapestry.node.serving;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.serving.Piece.Usage;
import java.time.Duration;
import java.util.Optional;

/** What answers: a model in this process, or the member's own server. Thread-safe. */
interface Source extends AutoCloseable {

    /** Its name in requests. */
    String name();

    /** Which model it is, where that is known. */
    Optional<Digest> digest();

    /** Whether it can be asked in turns. */
    boolean chats();

    /**
     * Begins an answer.
     *
     * @throws ApiRefusal where none can be begun
     */
    Answering begin(Asked asked);

    @Override
    void close();

    /** An answer under way; closed, it costs nothing any more. For one thread. */
    interface Answering extends AutoCloseable {

        /** The next piece, if it comes in time. */
        Optional<Piece> next(Duration patience) throws InterruptedException;

        /** The tokens of the prompt, where they are known, and those that have come. */
        Usage usage();

        @Override
        void close();
    }
}
