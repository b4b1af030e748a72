package dev.tapestry.node.serving;

import dev.tapestry.node.serving.Piece.TokenLog;
import java.io.IOException;
import java.util.List;

/** Where an answer goes: to a client piece by piece, or whole. */
interface Outlet {

    /**
     * Says more.
     *
     * @throws IOException if nobody listens any more
     */
    void say(String text, List<TokenLog> tokens) throws IOException;

    /** Ends it. */
    void finish(Outcome outcome) throws IOException;

    /** Breaks it off. */
    void fail(ApiRefusal refusal) throws IOException;
}
