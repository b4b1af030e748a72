package dev.tapestry.node.preferences;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.training.Generation;
import dev.tapestry.training.Llama;
import dev.tapestry.training.Sampling;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Answers of a model in memory, written out with the chat template whose markers its tokenizer has.
 */
public final class ModelAnswers implements Answers, AutoCloseable {

    private final Llama llama;
    private final ByteLevelTokenizer tokenizer;
    private final ChatTemplate template;
    private final Plan plan;
    private final int end;

    /**
     * How answers are drawn.
     *
     * @param samples for each prompt, at least 2
     * @param maxTokens of an answer
     * @param temperature above 0
     * @param seed of what is drawn
     */
    public record Plan(int samples, int maxTokens, double temperature, long seed) {
        public Plan {
            if (samples < 2 || samples > 64 || maxTokens < 1 || !(temperature > 0)) {
                throw new IllegalArgumentException(
                        "2 to 64 samples of at least 1 token at a temperature above 0, not %d, %d, %s"
                                .formatted(samples, maxTokens, temperature));
            }
        }
    }

    private ModelAnswers(
            Llama llama, ByteLevelTokenizer tokenizer, ChatTemplate template, Plan plan) {
        this.llama = llama;
        this.tokenizer = tokenizer;
        this.template = template;
        this.plan = plan;
        this.end = tokenizer.id(template.endOfTurn()).orElse(-1);
    }

    /**
     * Loads a model.
     *
     * @throws NodeException {@code WRONG_MODEL} if its tokenizer has no template's markers
     */
    public static ModelAnswers of(Path directory, Plan plan) {
        ByteLevelTokenizer tokenizer = ByteLevelTokenizer.open(directory);
        ChatTemplate template =
                Arrays.stream(ChatTemplate.values())
                        .filter(one -> one.missing(tokenizer).isEmpty())
                        .findFirst()
                        .orElseThrow(() ->
                                new NodeException(
                                        Code.WRONG_MODEL,
                                        "the tokenizer of %s has no chat template's markers: tune it on conversations first (stage 'instruct')"
                                                .formatted(directory)));
        try (ModelDirectory files = ModelDirectory.open(directory)) {
            return new ModelAnswers(Llama.load(files), tokenizer, template, plan);
        }
    }

    @Override
    public List<String> to(Conversation prompt, int number) {
        List<Integer> ids =
                Arrays.stream(template.encodePrompt(prompt, tokenizer)).boxed().toList();
        if (ids.size() >= llama.config().maxPositions()) {
            return List.of();
        }
        Generation generation = new Generation(llama);
        List<String> answers = new ArrayList<>();
        for (int sample = 0; sample < plan.samples(); sample++) {
            long seed = plan.seed() * 1_000_003 + (long) number * plan.samples() + sample;
            int[] answer =
                    generation
                            .continued(
                                    ids,
                                    plan.maxTokens(),
                                    new Sampling(plan.temperature(), 0, seed),
                                    id -> id == end)
                            .stream()
                            .filter(id -> id != end && id < tokenizer.vocabSize())
                            .mapToInt(Integer::intValue)
                            .toArray();
            answers.add(tokenizer.decode(answer).strip());
        }
        return answers;
    }

    @Override
    public void close() {
        llama.close();
    }
}
