package dev.tapestry.node.build;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.chat.JudgedAnswer;
import dev.tapestry.corpus.chat.PreferencePair;
import dev.tapestry.training.Comparisons;
import dev.tapestry.training.EncodedChats;
import java.nio.file.Path;
import java.util.List;

/**
 * Conversations as tokens for a stage.
 *
 * @param tokenizer of the model that it begins with
 * @param template how turns are written out
 * @param settings of the stage
 */
record ChatTexts(ByteLevelTokenizer tokenizer, ChatTemplate template, StageTraining settings) {

    private static final int TURN = 5;

    static ChatTexts of(Path model, BuildStage stage) {
        return new ChatTexts(
                ByteLevelTokenizer.open(model),
                stage.chatTemplate().orElseThrow(),
                stage.settings());
    }

    /** Tokens of a conversation, about: markers of turns are counted as five. */
    static long tokens(Conversation chat, ByteLevelTokenizer tokenizer) {
        return chat.messages().stream()
                .mapToLong(message -> tokenizer.encode(message.content()).length + TURN)
                .sum();
    }

    EncodedChats chats(List<Conversation> conversations) {
        return EncodedChats.of(conversations, template, tokenizer, settings.sequenceLength());
    }

    Comparisons pairs(List<PreferencePair> pairs) {
        return Comparisons.pairs(pairs, template, tokenizer, settings.sequenceLength());
    }

    Comparisons judged(List<JudgedAnswer> answers) {
        return Comparisons.judged(answers, template, tokenizer, settings.sequenceLength());
    }

    /** Steps in which so many are read so often, at least one. */
    int steps(int count, double epochs) {
        return (int) Math.max(1, Math.ceil(epochs * count / settings.sequences()));
    }

    /** Tokens that the schedule runs over. */
    long tokens(long inAnEpoch, double epochs) {
        return Math.max(1, Math.round(epochs * inAnEpoch));
    }
}
