package dev.tapestry.node.evaluation;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.corpus.chat.ChatTokens;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.training.AnswerScoring;
import dev.tapestry.training.Generation;
import dev.tapestry.training.Llama;
import dev.tapestry.training.Sampling;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.TrainingException;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * A model that is being asked. Belongs to one thread at a time.
 *
 * <p>Likelihoods are those of lm-evaluation-harness: prompt and continuation are encoded together,
 * white space at the prompt's end belongs to the continuation, nothing is put before a prompt, and
 * what is too long loses its beginning.
 */
final class Subject implements AutoCloseable {

    private static final int TOKENS_PER_BATCH = 1 << 13;

    private final Llama llama;
    private final ByteLevelTokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final AnswerScoring scoring;
    private final LongConsumer progress;
    private final Optional<Tokens> training;
    private final long seed;

    private Subject(
            Llama llama,
            ByteLevelTokenizer tokenizer,
            Optional<ChatTemplate> template,
            AnswerScoring scoring,
            LongConsumer progress,
            Optional<Tokens> training,
            long seed) {
        this.llama = llama;
        this.tokenizer = tokenizer;
        this.template = template;
        this.scoring = scoring;
        this.progress = progress;
        this.training = training;
        this.seed = seed;
    }

    /**
     * Loads a model.
     *
     * @param progress is told how much of a task is done; what it throws ends it
     * @param training text that it was trained on, if it is at hand
     * @throws NodeException {@code WRONG_MODEL}: its tokenizer does not fit it
     */
    static Subject load(
            Path model,
            Compute compute,
            LongConsumer progress,
            Optional<Tokens> training,
            long seed) {
        ByteLevelTokenizer tokenizer = ByteLevelTokenizer.open(model);
        Optional<ChatTemplate> template = ModelTemplate.of(model, tokenizer);
        AnswerScoring scoring =
                new AnswerScoring(TOKENS_PER_BATCH, compute.precision(), compute.threads());
        try (ModelDirectory directory = ModelDirectory.open(model)) {
            Llama llama = Llama.load(directory, compute.device());
            if (tokenizer.vocabSize() > llama.config().vocabularySize()) {
                llama.close();
                throw new NodeException(
                        Code.WRONG_MODEL,
                        "tokenizer.json of %s has %d ids, but the model only %d: they do not belong together"
                                .formatted(
                                        model,
                                        tokenizer.vocabSize(),
                                        llama.config().vocabularySize()));
            }
            return new Subject(llama, tokenizer, template, scoring, progress, training, seed);
        }
    }

    ByteLevelTokenizer tokenizer() {
        return tokenizer;
    }

    /** The text that it was trained on, as its tokens. */
    Optional<Tokens> training() {
        return training;
    }

    /** Of what a task draws. */
    long seed() {
        return seed;
    }

    /** Tells that so much of a task is done. */
    void told(long done) {
        progress.accept(done);
    }

    /** A continuation after a text, to be scored. */
    ChatTokens continuation(String context, String continuation) {
        String kept = context.stripTrailing();
        String rest = context.substring(kept.length()) + continuation;
        if (kept.isEmpty()) {
            return scored(first(), tokenizer.encode(rest));
        }
        int[] prompt = tokenizer.encode(kept);
        int[] whole = tokenizer.encode(kept + rest);
        return scored(
                prompt,
                whole.length > prompt.length
                        ? Arrays.copyOfRange(whole, prompt.length, whole.length)
                        : tokenizer.encode(rest));
    }

    /** An answer to a prompt as this model is asked, to be scored. */
    ChatTokens answer(String prompt, String answer) {
        return template.map(chat ->
                        scored(
                                chat.encodePrompt(Conversation.asking(prompt), tokenizer),
                                tokenizer.encode(answer)))
                .orElseGet(() -> continuation(prompt, " " + answer));
    }

    /** What is to be scored after what is given, which loses its beginning where it is too long. */
    ChatTokens scored(int[] given, int[] continuation) {
        int most = llama.config().maxPositions() + 1;
        int[] end =
                continuation.length < most
                        ? continuation
                        : Arrays.copyOfRange(
                                continuation, continuation.length - most + 1, continuation.length);
        int room = Math.max(0, most - end.length);
        int[] kept =
                given.length <= room
                        ? given
                        : Arrays.copyOfRange(given, given.length - room, given.length);
        return ChatTokens.answer(kept, end);
    }

    /** What stands before a text that nothing comes before, as the harness has it. */
    private int[] first() {
        OptionalInt begin = tokenizer.beginOfText();
        return (begin.isPresent() ? begin : tokenizer.endOfText()).stream().toArray();
    }

    /** What stands between documents, where the tokenizer has such a token. */
    int[] boundary() {
        OptionalInt end = tokenizer.endOfText();
        return (end.isPresent() ? end : tokenizer.beginOfText()).stream().toArray();
    }

    /** Tokens that a prediction may look back on at most. */
    int positions() {
        return llama.config().maxPositions();
    }

    /**
     * The log-probability of each continuation, in nats.
     *
     * @throws TrainingException {@code NON_FINITE} if one is no number
     */
    List<Double> logLikelihoods(List<ChatTokens> questions) {
        return scoring.logProbabilities(llama, questions, progress).stream()
                .map(each -> finite(Arrays.stream(each).sum()))
                .toList();
    }

    private static double finite(double nats) {
        if (!Double.isFinite(nats)) {
            throw new TrainingException(
                    TrainingException.Code.NON_FINITE,
                    "a log-probability is %s: the weights are damaged".formatted(nats));
        }
        return nats;
    }

    /** What it says to a prompt: the likeliest token always, until it ends its turn. */
    String reply(String prompt, int tokens) {
        int[] ids =
                template.map(chat -> chat.encodePrompt(Conversation.asking(prompt), tokenizer))
                        .orElseGet(() -> tokenizer.encode(prompt));
        OptionalInt end =
                template.map(chat -> tokenizer.id(chat.endOfTurn())).orElse(OptionalInt.empty());
        return tokenizer.decode(generated(ids.length == 0 ? first() : ids, tokens, end));
    }

    /**
     * The tokens that it likes best after others, without the end of its turn. Where both do not
     * fit, up to half of the positions are the prompt's, and fewer tokens are said.
     */
    int[] generated(int[] given, int tokens, OptionalInt endOfTurn) {
        int positions = llama.config().maxPositions();
        int most = Math.max(1, Math.min(tokens, positions - Math.min(given.length, positions / 2)));
        int room = Math.max(1, positions - most);
        int[] kept =
                given.length <= room
                        ? given
                        : Arrays.copyOfRange(given, given.length - room, given.length);
        OptionalInt endOfText = llama.config().endToken();
        List<Integer> ids =
                new Generation(llama)
                        .continued(
                                IntStream.of(kept).boxed().toList(),
                                most,
                                Sampling.greedy(),
                                id -> is(endOfTurn, id) || is(endOfText, id));
        return ids.stream()
                .mapToInt(Integer::intValue)
                .filter(id -> !is(endOfTurn, id) && !is(endOfText, id))
                .toArray();
    }

    private static boolean is(OptionalInt end, int id) {
        return end.isPresent() && end.getAsInt() == id;
    }

    @Override
    public void close() {
        llama.close();
    }
}
