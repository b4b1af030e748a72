package dev.tapestry.training;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.chat.ChatTokens;
import dev.tapestry.training.TrainingException.Code;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;

/**
 * Conversations, of which the answers are learnt (instruction tuning). The loss of a step is the
 * mean over all ids that shall be learnt in it, however the conversations are packed.
 */
public final class ConversationLessons extends Lessons {

    private final EncodedChats chats;

    private ConversationLessons(EncodedChats chats) {
        this.chats = chats;
    }

    /**
     * Lessons from these conversations.
     *
     * @throws TrainingException {@code TOO_FEW_TOKENS} if there is none
     */
    public static ConversationLessons of(EncodedChats chats) {
        if (chats.texts().isEmpty()) {
            throw new TrainingException(
                    Code.TOO_FEW_TOKENS,
                    "no conversation is left to learn from; %d were too long: take longer sequences"
                            .formatted(chats.tooLong()));
        }
        return new ConversationLessons(chats);
    }

    @Override
    void check(TrainingPlan plan, LlamaConfig config) {
        requireRoom(chats.texts(), plan);
    }

    static void requireRoom(List<ChatTokens> texts, TrainingPlan plan) {
        int longest = texts.stream().mapToInt(ChatTokens::length).max().orElse(0);
        if (longest > plan.sequenceLength() + 1) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "plan: sequenceLength %d is less than the longest text's %d tokens"
                            .formatted(plan.sequenceLength(), longest - 1));
        }
    }

    @Override
    Learnt add(Step step) {
        Shuffle order = new Shuffle(chats.texts().size(), step.plan().seed());
        List<ChatTokens> all = new ArrayList<>();
        for (int i = 0; i < step.plan().sequencesPerStep(); i++) {
            all.add(chats.texts().get((int) order.at(step.progress().sequences() + i)));
        }
        double weight = 1.0 / all.stream().mapToInt(ChatTokens::learnt).sum();
        double nats = 0;
        double divergence = 0;
        for (int pass = 0; pass < step.plan().accumulationSteps(); pass++) {
            List<ChatTokens> texts = new ArrayList<>();
            for (int i = 0; i < step.perPass(); i++) {
                texts.add(chats.texts().get((int) order.at(step.number(pass, i))));
            }
            try (PointerScope _ = new PointerScope()) {
                PackedBatch batch =
                        PackedBatch.of(
                                texts,
                                step.plan().sequenceLength(),
                                step.model().config().vocabularySize());
                Loss.Sums sums = step.gradient().add(batch, weights(batch, weight), step.anchor());
                nats += sums.nats() * step.group().size();
                divergence += sums.divergence() * step.group().size();
            }
        }
        TreeMap<String, Double> figures = new TreeMap<>();
        if (step.anchor() != null) {
            figures.put("kl", divergence);
        }
        return new Learnt(nats, all.stream().mapToLong(text -> text.length() - 1).sum(), figures);
    }

    private static double[] weights(PackedBatch batch, double weight) {
        double[] weights = new double[batch.size()];
        for (PackedBatch.Place place : batch.places()) {
            for (int i = 0; i < place.length(); i++) {
                weights[place.from() + i] = place.learns(i) ? weight : 0;
            }
        }
        return weights;
    }

    @Override
    long size() {
        return chats.texts().size();
    }

    @Override
    Digest digest() {
        return chats.digest();
    }
}
