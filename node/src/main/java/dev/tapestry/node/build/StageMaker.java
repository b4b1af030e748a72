package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.chat.CheckedPrompt;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberChats;
import dev.tapestry.node.access.MemberChats.LeftOut;
import dev.tapestry.node.access.MemberChats.Lines;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.training.AnswerScoring;
import dev.tapestry.training.Comparisons;
import dev.tapestry.training.ConversationLessons;
import dev.tapestry.training.EncodedChats;
import dev.tapestry.training.Evaluation;
import dev.tapestry.training.Llama;
import dev.tapestry.training.RewardLessons;
import dev.tapestry.training.RewardedTask;
import dev.tapestry.training.TextLessons;
import dev.tapestry.training.TuningPlan;
import dev.tapestry.training.VocabularyExtension;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Makes the stages of plans, each once. */
final class StageMaker {

    /** For the scores on the way. */
    private static final long SCORED_TOKENS = 20_000;

    private final StageShelf stages;
    private final MemberTexts memberTexts;
    private final Compute compute;
    private final NodeProgress progress;
    private final StopSignal stop;
    private final InstantSource clock;

    /** Makes stages of a member's texts, and keeps them on a shelf. */
    StageMaker(
            StageShelf stages,
            MemberTexts memberTexts,
            Compute compute,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        this.stages = stages;
        this.memberTexts = memberTexts;
        this.compute = compute;
        this.progress = progress;
        this.stop = stop;
        this.clock = clock;
    }

    /**
     * A model that a stage has come to.
     *
     * @param model where it lies
     * @param reused whether it was here before
     * @param adapter what it learnt of low rank, if it did
     * @param leftOut what of its data was not learnt from, if there was any
     */
    record Made(
            Path model,
            StageResult result,
            boolean reused,
            Optional<Path> adapter,
            Optional<LeftOut> leftOut) {

        Digest digest() {
            return result.model();
        }
    }

    /**
     * Makes a stage of a model, unless it was made before.
     *
     * @param guard of the plan's constitution
     * @param place that paths in the plan are relative to
     * @throws NodeException {@code POLICY} if a text that is not prepared holds what is protected
     */
    Made make(
            BuildStage stage,
            Optional<Guard> guard,
            Path place,
            Path model,
            Digest digest,
            long seed) {
        stop.check();
        return switch (stage) {
            case BuildStage.Pretrain pretrain -> {
                guard.ifPresent(one -> requireUnprotected(pretrain, one, place));
                yield pretrain(pretrain, place, model, digest, seed);
            }
            case BuildStage.Instruct instruct ->
                    instruct(instruct, guard, place, model, digest, seed);
            case BuildStage.Align align -> align(align, guard, place, model, digest, seed);
            case BuildStage.Reward reward -> reward(reward, guard, place, model, digest, seed);
        };
    }

    /** What stage 0 has prepared is without it; another text is read once to see. */
    private void requireUnprotected(BuildStage.Pretrain stage, Guard guard, Path place) {
        List<String> texts = new ArrayList<>(List.of(stage.corpus()));
        stage.replay().ifPresent(replay -> texts.add(replay.corpus()));
        for (String text : texts) {
            if (text.startsWith(BuildPlan.PreparedText.PREFIX)) {
                continue;
            }
            TreeSet<String> domains = new TreeSet<>();
            long touching =
                    memberTexts
                            .corpus(place, text)
                            .count(
                                    PermittedUse.PRIVATE_CPT,
                                    document -> {
                                        stop.check();
                                        List<String> touched = guard.touched(document);
                                        domains.addAll(touched);
                                        return !touched.isEmpty();
                                    });
            if (touching > 0) {
                throw new NodeException(
                        Code.POLICY,
                        "%d documents of %s touch what the constitution protects: %s; prepare the text under 'data:', which leaves them out"
                                .formatted(touching, text, domains));
            }
        }
    }

    private Made pretrain(
            BuildStage.Pretrain stage, Path place, Path model, Digest digest, long seed) {
        try (OpenText text = open(place, stage.corpus(), model);
                OptionalText replay =
                        new OptionalText(
                                stage.replay().map(again -> open(place, again.corpus(), model)))) {
            List<StageOrder.Text> texts = new ArrayList<>();
            texts.add(new StageOrder.Text("train", text.trainDigest(), text.card()));
            texts.add(new StageOrder.Text("held out", text.heldOutDigest(), text.card()));
            replay.text()
                    .ifPresent(again ->
                            texts.add(
                                    new StageOrder.Text(
                                            StageOrder.Text.REPLAY,
                                            again.trainDigest(),
                                            again.card())));
            StageTraining settings = stage.settings();
            long perStep = (long) settings.sequences() * settings.sequenceLength();
            int steps = Math.toIntExact(Math.ceilDiv(stage.tokens(), perStep));
            TuningPlan plan = settings.plan(steps * perStep, seed, compute);
            TextLessons lessons =
                    replay.text()
                            .map(again ->
                                    TextLessons.replaying(
                                            text.train(),
                                            again.train(),
                                            stage.replay().orElseThrow().share()))
                            .orElseGet(() -> TextLessons.of(text.train()));
            Evaluation scoring =
                    new Evaluation(
                            settings.sequenceLength(),
                            settings.sequences(),
                            SCORED_TOKENS,
                            compute.precision(),
                            compute.threads());
            return made(
                    StageOrder.of(stage, digest, texts, seed, compute),
                    order ->
                            new StageWork(
                                    order,
                                    model,
                                    plan,
                                    lessons,
                                    steps,
                                    settings.patience().orElseThrow(),
                                    llama -> scoring.of(llama, text.heldOut()).natsPerToken()));
        }
    }

    /** A text that may not be there. */
    private record OptionalText(Optional<OpenText> text) implements AutoCloseable {
        @Override
        public void close() {
            text.ifPresent(OpenText::close);
        }
    }

    private OpenText open(Path place, String text, Path model) {
        return memberTexts.corpus(place, text).open(model, PermittedUse.PRIVATE_CPT);
    }

    private Made instruct(
            BuildStage.Instruct stage,
            Optional<Guard> guard,
            Path place,
            Path model,
            Digest digest,
            long seed) {
        Lines<Conversation> chats = StageChats.conversations(stage, guard, place);
        return told(
                chats,
                made(
                        order(stage, digest, chats, seed),
                        order -> {
                            Path start = withTemplate(order, model);
                            ChatTexts texts = ChatTexts.of(start, stage);
                            EncodedChats train = texts.chats(chats.train());
                            EncodedChats heldOut = texts.chats(chats.heldOut());
                            int steps = texts.steps(train.texts().size(), stage.epochs());
                            TuningPlan plan =
                                    stage.settings()
                                            .plan(
                                                    texts.tokens(train.tokens(), stage.epochs()),
                                                    seed,
                                                    compute);
                            AnswerScoring scoring = AnswerScoring.of(plan.training());
                            return new StageWork(
                                    order,
                                    start,
                                    plan,
                                    ConversationLessons.of(train),
                                    steps,
                                    stage.settings().patience().orElseThrow(),
                                    llama -> scoring.loss(llama, heldOut.texts()).natsPerToken());
                        }));
    }

    /** With what was left out of its data. */
    private static Made told(Lines<?> lines, Made made) {
        return new Made(
                made.model(),
                made.result(),
                made.reused(),
                made.adapter(),
                Optional.of(lines.leftOut()).filter(LeftOut::isAny));
    }

    private Made align(
            BuildStage.Align stage,
            Optional<Guard> guard,
            Path place,
            Path model,
            Digest digest,
            long seed) {
        MemberChats chats = StageChats.preferences(stage, guard, place);
        return switch (stage.loss()) {
            case AlignmentLoss.Kto _ ->
                    align(stage, model, digest, seed, chats.judgements(), ChatTexts::judged);
            case AlignmentLoss.Dpo _ ->
                    align(stage, model, digest, seed, chats.preferences(), ChatTexts::pairs);
            case AlignmentLoss.Orpo _ ->
                    align(stage, model, digest, seed, chats.preferences(), ChatTexts::pairs);
        };
    }

    private <T> Made align(
            BuildStage.Align stage,
            Path model,
            Digest digest,
            long seed,
            Lines<T> lines,
            BiFunction<ChatTexts, List<T>, Comparisons> encoded) {
        return told(
                lines,
                made(
                        order(stage, digest, lines, seed),
                        order -> {
                            Path start = withTemplate(order, model);
                            ChatTexts texts = ChatTexts.of(start, stage);
                            Comparisons train = encoded.apply(texts, lines.train());
                            int steps = texts.steps(train.units().size(), stage.epochs());
                            TuningPlan plan =
                                    stage.settings()
                                            .plan(
                                                    texts.tokens(train.tokens(), stage.epochs()),
                                                    seed,
                                                    compute);
                            Preferences preferences =
                                    Preferences.against(
                                            start,
                                            stages.references(order),
                                            plan,
                                            stage.loss().plan(),
                                            train,
                                            encoded.apply(texts, lines.heldOut()));
                            return new StageWork(
                                    order,
                                    start,
                                    plan,
                                    preferences.lessons(),
                                    steps,
                                    stage.settings().patience().orElseThrow(),
                                    preferences::heldOutLoss);
                        }));
    }

    private Made reward(
            BuildStage.Reward stage,
            Optional<Guard> guard,
            Path place,
            Path model,
            Digest digest,
            long seed) {
        Lines<CheckedPrompt> lines = StageChats.tasks(stage, guard, place).checked();
        return told(
                lines,
                kept(
                        order(stage, digest, lines, seed),
                        order -> {
                            Path start = withTemplate(order, model);
                            if (stage.plan().beta() == 0) {
                                return rewarded(stage, order, start, lines, seed, null);
                            }
                            try (ModelDirectory files = ModelDirectory.open(start);
                                    Llama reference = Llama.load(files, compute.device())) {
                                return rewarded(stage, order, start, lines, seed, reference);
                            }
                        }));
    }

    private StageResult rewarded(
            BuildStage.Reward stage,
            StageOrder order,
            Path start,
            Lines<CheckedPrompt> lines,
            long seed,
            @Nullable Llama reference) {
        ChatTexts texts = ChatTexts.of(start, stage);
        Rewards rewards = new Rewards(texts.tokenizer(), texts.template(), stage.answerTokens());
        int steps = texts.steps(lines.train().size(), stage.epochs());
        long inAnEpoch = rewards.tokens(lines.train()) * stage.plan().samples();
        TuningPlan plan =
                stage.settings().plan(texts.tokens(inAnEpoch, stage.epochs()), seed, compute);
        RewardLessons lessons =
                RewardLessons.of(
                        Rewards.tasks(lines.train()),
                        stage.plan(),
                        texts.template(),
                        texts.tokenizer(),
                        reference);
        List<RewardedTask> heldOut = Rewards.tasks(lines.heldOut());
        return new StageWork(
                        order,
                        start,
                        plan,
                        lessons,
                        steps,
                        stage.settings().patience().orElseThrow(),
                        llama -> rewards.loss(llama, heldOut))
                .run(stages, progress, stop, clock);
    }

    /** Of the files, and of which lines were left out of them: another constitution is another. */
    private StageOrder order(BuildStage stage, Digest digest, Lines<?> lines, long seed) {
        List<StageOrder.Text> texts = new ArrayList<>();
        texts.add(new StageOrder.Text("chats", lines.content(), lines.card()));
        lines.leftOutContent()
                .ifPresent(content ->
                        texts.add(
                                new StageOrder.Text(
                                        StageOrder.Text.LEFT_OUT, content, lines.card())));
        return StageOrder.of(stage, digest, texts, seed, compute);
    }

    /** The model with the markers of the stage's chat template, written anew each time. */
    private Path withTemplate(StageOrder order, Path model) {
        Path start = stages.beginWith(order);
        try (ModelDirectory directory = ModelDirectory.open(model)) {
            VocabularyExtension.forChat(
                    directory, order.stage().chatTemplate().orElseThrow(), start);
        }
        return start;
    }

    private Made made(StageOrder order, Function<StageOrder, StageWork> work) {
        return kept(order, made -> work.apply(made).run(stages, progress, stop, clock));
    }

    /** What came of an order before, or comes of it now. */
    private Made kept(StageOrder order, Function<StageOrder, StageResult> work) {
        order.texts()
                .forEach(text ->
                        memberTexts
                                .withdrawn()
                                .require(
                                        "the text (%s) of stage %s"
                                                .formatted(text.role(), order.stage().title()),
                                        text.content(),
                                        text.card()));
        Optional<StageResult> finished = stages.finished(order);
        StageResult result = finished.orElseGet(() -> work.apply(order));
        return new Made(
                stages.model(order),
                result,
                finished.isPresent(),
                Optional.of(stages.adapter(order)).filter(Files::isDirectory),
                Optional.empty());
    }
}
