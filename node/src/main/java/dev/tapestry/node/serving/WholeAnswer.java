package dev.tapestry.node.serving;

import dev.tapestry.node.serving.Piece.TokenLog;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** An answer that is sent when it is whole. */
final class WholeAnswer implements Outlet {

    private final OpenAiJson json;
    private final Consumer<byte[]> reply;
    private final StringBuilder text = new StringBuilder();
    private final List<TokenLog> tokens = new ArrayList<>();

    /** One that is given to {@code reply}. */
    WholeAnswer(OpenAiJson json, Consumer<byte[]> reply) {
        this.json = json;
        this.reply = reply;
    }

    @Override
    public void say(String more, List<TokenLog> their) {
        text.append(more);
        tokens.addAll(their);
    }

    @Override
    public void finish(Outcome outcome) {
        reply.accept(OpenAiJson.bytes(json.whole(text.toString(), tokens, outcome)));
    }

    @Override
    public void fail(ApiRefusal refusal) {
        throw refusal;
    }
}
