package dev.tapestry.node.serving;

import dev.tapestry.node.serving.Piece.TokenLog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** An answer that is sent when it is whole. */
final class WholeAnswer implements Outlet {

    private final OpenAiJson json;
    private final Reply reply;
    private final StringBuilder text = new StringBuilder();
    private final List<TokenLog> tokens = new ArrayList<>();

    /** Where it goes. */
    interface Reply {
        /** Sends it. */
        void send(byte[] json) throws IOException;
    }

    /** One that is given to {@code reply}. */
    WholeAnswer(OpenAiJson json, Reply reply) {
        this.json = json;
        this.reply = reply;
    }

    @Override
    public void say(String more, List<TokenLog> their) {
        text.append(more);
        tokens.addAll(their);
    }

    @Override
    public void finish(Outcome outcome) throws IOException {
        reply.send(OpenAiJson.bytes(json.whole(text.toString(), tokens, outcome)));
    }

    @Override
    public void fail(ApiRefusal refusal) {
        throw refusal;
    }
}
