package dev.tapestry.node.build;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.chat.CheckedPrompt;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.chat.JudgedAnswer;
import dev.tapestry.corpus.chat.PreferencePair;
import dev.tapestry.node.Compute;
import dev.tapestry.node.access.MemberChats;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.training.Comparisons;
import dev.tapestry.training.LlamaConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What stages would take, by counting what they learn from.
 *
 * @param config of the model that they begin with
 * @param tokenizer its tokenizer
 * @param compute by which a step is cut
 */
record StageEstimates(LlamaConfig config, ByteLevelTokenizer tokenizer, Compute compute) {

    /** What one stage would take. */
    StageEstimate of(BuildStage stage, Optional<Guard> guard, Path place) {
        StageTraining settings = stage.settings();
        return switch (stage) {
            case BuildStage.Pretrain pretrain -> {
                long perStep = (long) settings.sequences() * settings.sequenceLength();
                long steps = Math.ceilDiv(pretrain.tokens(), perStep);
                yield estimate(stage, steps, steps * perStep);
            }
            case BuildStage.Instruct instruct -> {
                List<Conversation> chats = StageChats.conversations(instruct, guard, place).train();
                long tokens = chats.stream().mapToLong(this::tokens).sum();
                yield estimate(stage, tokens, chats.size(), instruct.epochs());
            }
            case BuildStage.Align align -> {
                MemberChats chats = StageChats.preferences(align, guard, place);
                yield align.loss() instanceof AlignmentLoss.Kto
                        ? judged(align, chats.judgements().train())
                        : preferred(align, chats.preferences().train());
            }
            case BuildStage.Reward reward -> {
                List<CheckedPrompt> prompts =
                        StageChats.tasks(reward, guard, place).checked().train();
                long tokens =
                        prompts.stream()
                                .mapToLong(one -> reward.answerTokens() - 1 + tokens(one.prompt()))
                                .sum();
                yield estimate(
                        stage, tokens * reward.plan().samples(), prompts.size(), reward.epochs());
            }
        };
    }

    private StageEstimate preferred(BuildStage.Align stage, List<PreferencePair> pairs) {
        long tokens =
                pairs.stream()
                        .mapToLong(pair ->
                                tokens(pair.prompt().answered(pair.chosen()))
                                        + tokens(pair.prompt().answered(pair.rejected())))
                        .sum();
        return estimate(stage, tokens, pairs.size(), stage.epochs());
    }

    /** Beside each answer that of the next one is read, see {@link Comparisons#judged}. */
    private StageEstimate judged(BuildStage.Align stage, List<JudgedAnswer> answers) {
        long tokens = 0;
        for (int i = 0; i < answers.size(); i++) {
            JudgedAnswer own = answers.get(i);
            String other = answers.get((i + 1) % answers.size()).answer();
            tokens +=
                    tokens(own.prompt().answered(own.answer()))
                            + tokens(own.prompt().answered(other));
        }
        return estimate(stage, tokens, answers.size(), stage.epochs());
    }

    private long tokens(Conversation chat) {
        return ChatTexts.tokens(chat, tokenizer);
    }

    private StageEstimate estimate(BuildStage stage, long tokens, int count, double epochs) {
        return estimate(
                stage,
                (long) Math.max(1, Math.ceil(epochs * count / stage.settings().sequences())),
                Math.round(epochs * tokens));
    }

    private StageEstimate estimate(BuildStage stage, long steps, long tokens) {
        return StageEstimate.of(stage, config, steps, tokens, compute.accumulationSteps());
    }
}
