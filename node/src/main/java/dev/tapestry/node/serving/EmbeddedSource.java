package dev.tapestry.node.serving;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.node.serving.ApiRefusal.Kind;
import dev.tapestry.training.BatchEngine;
import dev.tapestry.training.Continuation;
import dev.tapestry.training.Ongoing;
import dev.tapestry.training.TrainingException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** A model in this process. */
final class EmbeddedSource implements Source {

    /** An answer without a bound of its own has at most so many tokens. */
    static final int USUAL_TOKENS = 512;

    private final String name;
    private final Digest digest;
    private final BatchEngine engine;
    private final ByteLevelTokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final Set<Integer> ends = new HashSet<>();
    private final AutoCloseable weights;

    /**
     * A model that is loaded.
     *
     * @param weights closed after the engine
     */
    EmbeddedSource(
            String name,
            Digest digest,
            BatchEngine engine,
            ByteLevelTokenizer tokenizer,
            Optional<ChatTemplate> template,
            AutoCloseable weights) {
        this.name = name;
        this.digest = digest;
        this.engine = engine;
        this.tokenizer = tokenizer;
        this.template = template;
        this.weights = weights;
        engine.config().endToken().ifPresent(ends::add);
        tokenizer.endOfText().ifPresent(ends::add);
        template.map(ChatTemplate::endOfTurn)
                .map(tokenizer::id)
                .filter(OptionalInt::isPresent)
                .ifPresent(id -> ends.add(id.getAsInt()));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Optional<Digest> digest() {
        return Optional.of(digest);
    }

    @Override
    public boolean chats() {
        return template.isPresent();
    }

    @Override
    public Answering begin(Asked asked) {
        List<Integer> prompt = Arrays.stream(ids(asked.prompt())).boxed().toList();
        int room = engine.positions() - prompt.size();
        if (room < 1) {
            throw new ApiRefusal(
                    Kind.TOO_LONG,
                    "the prompt has %d tokens; with its answer it may have %d: shorten it"
                            .formatted(prompt.size(), engine.positions()));
        }
        try {
            Ongoing ongoing =
                    engine.submit(
                                    new Continuation(
                                            prompt,
                                            Math.min(room, asked.maxTokens().orElse(USUAL_TOKENS)),
                                            asked.sampling(),
                                            ends,
                                            asked.alternatives(),
                                            asked.logProbabilities()))
                            .orElseThrow(() ->
                                    new ApiRefusal(
                                            Kind.BUSY,
                                            "%d answers are under way and %d wait: ask again later"
                                                    .formatted(
                                                            engine.running(), engine.waiting())));
            return new EmbeddedAnswer(ongoing, tokenizer, prompt.size(), asked);
        } catch (TrainingException e) {
            throw new ApiRefusal(Kind.INVALID, String.valueOf(e.getMessage()));
        }
    }

    private int[] ids(Prompt prompt) {
        return switch (prompt) {
            case Prompt.Text(String text) -> tokenizer.encode(text);
            case Prompt.Chat chat ->
                    template.orElseThrow(() ->
                                    new ApiRefusal(
                                            Kind.UNSUPPORTED,
                                            "the model '%s' was not made for conversations: use /v1/completions"
                                                    .formatted(name)))
                            .encodePrompt(chat.conversation(), tokenizer);
        };
    }

    @Override
    public void close() {
        engine.close();
        try {
            weights.close();
        } catch (Exception e) {
            throw new IllegalStateException("weights are released without a failure", e);
        }
    }
}
