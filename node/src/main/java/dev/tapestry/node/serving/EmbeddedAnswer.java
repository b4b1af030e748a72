package dev.tapestry.node.serving;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.node.serving.Piece.Likely;
import dev.tapestry.node.serving.Piece.TokenLog;
import dev.tapestry.node.serving.Piece.Usage;
import dev.tapestry.training.LikelyToken;
import dev.tapestry.training.Ongoing;
import dev.tapestry.training.Step;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** An answer of the embedded engine: tokens become characters, and end before a stop string. */
final class EmbeddedAnswer implements Source.Answering {

    private final Ongoing ongoing;
    private final ByteLevelTokenizer tokenizer;
    private final int promptTokens;
    private final boolean logs;
    private final Utf8Pieces characters = new Utf8Pieces();
    private final StopStrings stops;
    private final Deque<Piece> ready = new ArrayDeque<>();
    private final Deque<Held> heldLogs = new ArrayDeque<>();
    private int characterCount;
    private int said;
    private int tokens;

    /**
     * Probabilities that are told when their token's text has been said: those of a stop string
     * never are.
     *
     * @param end characters of the answer up to the token's end
     */
    private record Held(TokenLog log, int end) {}

    EmbeddedAnswer(Ongoing ongoing, ByteLevelTokenizer tokenizer, int promptTokens, Asked asked) {
        this.ongoing = ongoing;
        this.tokenizer = tokenizer;
        this.promptTokens = promptTokens;
        this.logs = asked.logProbabilities();
        this.stops = new StopStrings(asked.stops());
    }

    @Override
    public Optional<Piece> next(Duration patience) throws InterruptedException {
        if (ready.isEmpty() && !stops.stopped()) {
            ongoing.next(patience).ifPresent(this::take);
        }
        return Optional.ofNullable(ready.poll());
    }

    private void take(Step step) {
        switch (step) {
            case Step.Token token -> {
                tokens++;
                String text = characters.put(tokenizer.bytes(token.chosen().id()));
                characterCount += text.length();
                if (logs) {
                    // The token ends with the character that it has begun.
                    int end = characterCount + (characters.isHolding() ? 1 : 0);
                    heldLogs.add(new Held(log(token), end));
                }
                say(stops.put(text));
                if (stops.stopped()) {
                    ongoing.close();
                    end("stop");
                }
            }
            case Step.Ended(Step.Reason reason, String detail) -> {
                say(stops.put(characters.end()) + stops.end());
                switch (reason) {
                    case END_TOKEN -> end("stop");
                    case LENGTH -> end(stops.stopped() ? "stop" : "length");
                    case CANCELLED -> ready.add(new Piece.Broken("nobody waits for it any more"));
                    case CLOSING -> ready.add(new Piece.Broken("the server is being stopped"));
                    case FAILED -> ready.add(new Piece.Broken(detail));
                }
            }
        }
    }

    private void say(String text) {
        // Probabilities go with the text in which their tokens end.
        if (!text.isEmpty()) {
            said += text.length();
            List<TokenLog> told = new ArrayList<>();
            while (!heldLogs.isEmpty() && heldLogs.getFirst().end() <= said) {
                told.add(heldLogs.removeFirst().log());
            }
            ready.add(new Piece.Text(text, told));
        }
    }

    private void end(String finish) {
        ready.add(new Piece.End(finish));
    }

    private TokenLog log(Step.Token token) {
        return new TokenLog(
                likely(token.chosen()), token.alternatives().stream().map(this::likely).toList());
    }

    private Likely likely(LikelyToken token) {
        List<Integer> bytes = new ArrayList<>();
        for (byte one : tokenizer.bytes(token.id())) {
            bytes.add(one & 0xff);
        }
        return new Likely(bytes, token.logProbability());
    }

    @Override
    public Usage usage() {
        return new Usage(promptTokens, tokens);
    }

    @Override
    public void close() {
        ongoing.close();
    }
}
