package dev.tapestry.node.build;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.training.RewardPlan;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** One stage of a Sovereign Build. */
public sealed interface BuildStage {

    /** How it is called in reports. */
    String title();

    /** How it learns. */
    StageTraining settings();

    /** How turns of conversations are written out, if it learns from conversations. */
    default Optional<ChatTemplate> chatTemplate() {
        return Optional.empty();
    }

    /** Directories of what it learns from, as the plan names them. */
    Stream<String> texts();

    /** The same of texts that lie elsewhere. */
    BuildStage of(UnaryOperator<String> place);

    /** The same with a share of what it learns from. */
    BuildStage shortened(double share);

    /**
     * Stage A: private continued pre-training on a text.
     *
     * @param corpus a directory with a card
     * @param tokens to train on, rounded up to whole steps
     * @param replay another text of which a share is read between
     * @param training how it learns; with Muon at 0.002 if nothing is said
     */
    record Pretrain(
            String corpus,
            long tokens,
            @LeftOutWhenEmpty Optional<Replay> replay,
            @LeftOutWhenEmpty Optional<StageTraining> training)
            implements BuildStage {

        public Pretrain {
            StageTraining.require(tokens > 0, "tokens: at least 1, not " + tokens);
        }

        @Override
        public String title() {
            return "A, private continued pre-training";
        }

        @Override
        public StageTraining settings() {
            return training.orElse(StageTraining.NONE).or(StageTraining.PRETRAINING);
        }

        @Override
        public Stream<String> texts() {
            return Stream.concat(Stream.of(corpus), replay.stream().map(Replay::corpus));
        }

        @Override
        public BuildStage of(UnaryOperator<String> place) {
            return new Pretrain(
                    place.apply(corpus),
                    tokens,
                    replay.map(again -> new Replay(place.apply(again.corpus()), again.share())),
                    training);
        }

        /** The same without replay. */
        BuildStage withoutReplay() {
            return new Pretrain(corpus, tokens, Optional.empty(), training);
        }

        @Override
        public BuildStage shortened(double share) {
            return new Pretrain(corpus, Math.max(1, Math.round(tokens * share)), replay, training);
        }
    }

    /**
     * A text that shall not be forgotten, such as what the base learnt from.
     *
     * @param corpus a directory with a card
     * @param share of the sequences, above 0 and below 1
     */
    record Replay(String corpus, double share) {
        public Replay {
            StageTraining.require(
                    share > 0 && share < 1, "share: above 0 and below 1, not " + share);
        }
    }

    /**
     * Stage B: instruction tuning on conversations, of which the answers are learnt.
     *
     * @param chats a directory of JSON Lines with a card
     * @param epochs how often each conversation is read
     * @param template how turns are written out; ChatML if left out
     * @param holdOut share of the questions that is held out; 0.1 if left out
     * @param training how it learns; with AdamW at 0.0005 if nothing is said
     */
    record Instruct(
            String chats,
            double epochs,
            @LeftOutWhenEmpty Optional<ChatTemplate> template,
            @LeftOutWhenEmpty Optional<Double> holdOut,
            @LeftOutWhenEmpty Optional<StageTraining> training)
            implements BuildStage {

        public Instruct {
            StageTraining.requireEpochs(epochs, holdOut);
        }

        @Override
        public String title() {
            return "B, instruction tuning";
        }

        @Override
        public StageTraining settings() {
            return training.orElse(StageTraining.NONE).or(StageTraining.INSTRUCTIONS);
        }

        @Override
        public Optional<ChatTemplate> chatTemplate() {
            return Optional.of(template.orElse(ChatTemplate.CHATML));
        }

        @Override
        public Stream<String> texts() {
            return Stream.of(chats);
        }

        @Override
        public BuildStage of(UnaryOperator<String> place) {
            return new Instruct(place.apply(chats), epochs, template, holdOut, training);
        }

        @Override
        public BuildStage shortened(double share) {
            return new Instruct(chats, epochs * share, template, holdOut, training);
        }
    }

    /**
     * Stage C: alignment by answers that are preferred to others.
     *
     * @param preferences a directory of JSON Lines with a card
     * @param epochs how often each pair is read
     * @param loss by which it learns
     * @param template how turns are written out; ChatML if left out
     * @param holdOut share of the questions that is held out; 0.1 if left out
     * @param training how it learns; with AdamW at 0.0001 if nothing is said
     */
    record Align(
            String preferences,
            double epochs,
            AlignmentLoss loss,
            @LeftOutWhenEmpty Optional<ChatTemplate> template,
            @LeftOutWhenEmpty Optional<Double> holdOut,
            @LeftOutWhenEmpty Optional<StageTraining> training)
            implements BuildStage {

        public Align {
            StageTraining.requireEpochs(epochs, holdOut);
        }

        @Override
        public String title() {
            return "C, alignment";
        }

        @Override
        public StageTraining settings() {
            return training.orElse(StageTraining.NONE).or(StageTraining.ALIGNMENT);
        }

        @Override
        public Optional<ChatTemplate> chatTemplate() {
            return Optional.of(template.orElse(ChatTemplate.CHATML));
        }

        @Override
        public Stream<String> texts() {
            return Stream.of(preferences);
        }

        @Override
        public BuildStage of(UnaryOperator<String> place) {
            return new Align(place.apply(preferences), epochs, loss, template, holdOut, training);
        }

        @Override
        public BuildStage shortened(double share) {
            return new Align(preferences, epochs * share, loss, template, holdOut, training);
        }
    }

    /**
     * Stage C by rewards: the model answers prompts whose answers a program can check, several
     * times, and what is better than its group's mean becomes more probable (GRPO).
     *
     * @param tasks a directory of JSON Lines with a card
     * @param epochs how often each prompt is answered
     * @param answerTokens of the longest answer
     * @param samples answers to each prompt; 8 if left out
     * @param beta of the divergence from the model before; 0.04 if left out, 0 for none
     * @param template how turns are written out; ChatML if left out
     * @param holdOut share of the prompts that is held out; 0.1 if left out
     * @param training how it learns; with AdamW at 0.0001 if nothing is said
     */
    record Reward(
            String tasks,
            double epochs,
            int answerTokens,
            @LeftOutWhenEmpty Optional<Integer> samples,
            @LeftOutWhenEmpty Optional<Double> beta,
            @LeftOutWhenEmpty Optional<ChatTemplate> template,
            @LeftOutWhenEmpty Optional<Double> holdOut,
            @LeftOutWhenEmpty Optional<StageTraining> training)
            implements BuildStage {

        public Reward {
            StageTraining.requireEpochs(epochs, holdOut);
            StageTraining.require(answerTokens > 0, "answer-tokens: at least 1");
            samples.ifPresent(count ->
                    StageTraining.require(
                            count >= 2 && count <= 1024, "samples: 2 to 1024, not " + count));
            beta.ifPresent(value ->
                    StageTraining.require(
                            value >= 0 && value < 1000, "beta: from 0 to 1000, not " + value));
        }

        /** What the trainer takes. */
        RewardPlan plan() {
            RewardPlan usual = RewardPlan.of(answerTokens);
            return new RewardPlan(
                    samples.orElse(usual.samples()),
                    answerTokens,
                    usual.temperature(),
                    usual.epsilon(),
                    beta.orElse(usual.beta()),
                    usual.scaled());
        }

        @Override
        public String title() {
            return "C, alignment by rewards";
        }

        @Override
        public StageTraining settings() {
            return training.orElse(StageTraining.NONE).or(StageTraining.ALIGNMENT);
        }

        @Override
        public Optional<ChatTemplate> chatTemplate() {
            return Optional.of(template.orElse(ChatTemplate.CHATML));
        }

        @Override
        public Stream<String> texts() {
            return Stream.of(tasks);
        }

        @Override
        public BuildStage of(UnaryOperator<String> place) {
            return new Reward(
                    place.apply(tasks),
                    epochs,
                    answerTokens,
                    samples,
                    beta,
                    template,
                    holdOut,
                    training);
        }

        @Override
        public BuildStage shortened(double share) {
            return new Reward(
                    tasks,
                    epochs * share,
                    answerTokens,
                    samples,
                    beta,
                    template,
                    holdOut,
                    training);
        }
    }
}
