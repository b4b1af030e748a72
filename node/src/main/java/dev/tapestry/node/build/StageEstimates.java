package dev.tapestry.node.build;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.chat.CheckedPrompt;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.node.Compute;
import dev.tapestry.node.access.MemberChats;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.training.LlamaConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

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
                long tokens =
                        chats.stream().mapToLong(chat -> ChatTexts.tokens(chat, tokenizer)).sum();
                yield estimate(stage, tokens, chats.size(), instruct.epochs());
            }
            case BuildStage.Align align -> {
                MemberChats chats = StageChats.preferences(align, guard, place);
                List<Conversation> both =
                        align.loss() instanceof AlignmentLoss.Kto
                                ? chats.judgements().train().stream()
                                        .map(one -> one.prompt().answered(one.answer()))
                                        .toList()
                                : chats.preferences().train().stream()
                                        .flatMap(pair ->
                                                Stream.of(
                                                        pair.prompt().answered(pair.chosen()),
                                                        pair.prompt().answered(pair.rejected())))
                                        .toList();
                long tokens =
                        both.stream().mapToLong(chat -> ChatTexts.tokens(chat, tokenizer)).sum();
                yield estimate(stage, tokens, both.size() / 2, align.epochs());
            }
            case BuildStage.Reward reward -> {
                List<CheckedPrompt> prompts =
                        StageChats.tasks(reward, guard, place).checked().train();
                long tokens =
                        prompts.stream()
                                .mapToLong(one ->
                                        reward.answerTokens()
                                                + ChatTexts.tokens(one.prompt(), tokenizer))
                                .sum();
                yield estimate(
                        stage, tokens * reward.plan().samples(), prompts.size(), reward.epochs());
            }
        };
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
