package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.chat.CheckedPrompt;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.preparation.ProgressListener;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberChats;
import dev.tapestry.node.access.MemberChats.LeftOut;
import dev.tapestry.node.access.MemberChats.Lines;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.access.TextPreparation;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.training.AnswerScoring;
import dev.tapestry.training.Comparisons;
import dev.tapestry.training.ConversationLessons;
import dev.tapestry.training.EncodedChats;
import dev.tapestry.training.Evaluation;
import dev.tapestry.training.Llama;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.training.RewardLessons;
import dev.tapestry.training.RewardedTask;
import dev.tapestry.training.TextLessons;
import dev.tapestry.training.TuningPlan;
import dev.tapestry.training.VocabularyExtension;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.gguf.GgufWriter;
import dev.tapestry.weights.gguf.Quantisation;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;

/** Where the stages of a plan are made and measured, and their models published. */
final class Workbench {

    private static final double HOLD_OUT = 0.05;
    private static final double HELD_OUT_CHATS = 0.1;

    /** For the scores on the way. */
    private static final long SCORED_TOKENS = 20_000;

    private final NodeHome home;
    private final Compute compute;
    private final NodeProgress progress;
    private final StopSignal stop;
    private final InstantSource clock;
    private final StageShelf stages;
    private final LossBook losses;
    private final ModelRegistry registry;

    Workbench(
            NodeHome home,
            Compute compute,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        this.home = home;
        this.compute = compute;
        this.progress = progress;
        this.stop = stop;
        this.clock = clock;
        this.stages = new StageShelf(home.builds().resolve("stages"));
        this.losses = new LossBook(home.builds().resolve("losses"), new HeldOutEvaluation(compute));
        this.registry = new ModelRegistry(home);
    }

    ModelRegistry registry() {
        return registry;
    }

    NodeHome home() {
        return home;
    }

    void began(String detail) {
        progress.on(new NodeUpdate.Began(clock.instant(), NodeUpdate.Phase.BUILDING, 0, detail));
    }

    /**
     * The digest of a base.
     *
     * @throws NodeException {@code WRONG_MODEL} if there is none
     */
    static Digest base(Path base) {
        if (!Files.isDirectory(base)) {
            throw new NodeException(
                    Code.WRONG_MODEL, "there is no model directory %s".formatted(base));
        }
        return SovereignBuild.digest(base);
    }

    /** What the stages of a plan would take. */
    BuildPreview preview(BuildPlan plan, Path place, Path base, Digest digest) {
        try (ModelDirectory directory = ModelDirectory.open(base)) {
            LlamaConfig config = LlamaConfig.of(directory);
            ByteLevelTokenizer tokenizer = ByteLevelTokenizer.open(base);
            List<StageEstimate> estimates = new ArrayList<>();
            Optional<Guard> guard = plan.guard(place);
            for (BuildStage stage : plan.stages()) {
                stop.check();
                estimates.add(estimate(stage, guard, place, config, tokenizer));
            }
            return new BuildPreview(
                    digest,
                    config.parameters(),
                    estimates,
                    SpeedTrial.of(base, plan.stages().getFirst().settings(), compute));
        }
    }

    private StageEstimate estimate(
            BuildStage stage,
            Optional<Guard> guard,
            Path place,
            LlamaConfig config,
            ByteLevelTokenizer tokenizer) {
        StageTraining settings = stage.settings();
        return switch (stage) {
            case BuildStage.Pretrain pretrain -> {
                long perStep = (long) settings.sequences() * settings.sequenceLength();
                long steps = Math.ceilDiv(pretrain.tokens(), perStep);
                yield estimate(stage, config, steps, steps * perStep);
            }
            case BuildStage.Instruct instruct -> {
                List<Conversation> chats = conversations(instruct, guard, place).train();
                long tokens =
                        chats.stream().mapToLong(chat -> ChatTexts.tokens(chat, tokenizer)).sum();
                yield estimate(stage, config, tokens, chats.size(), instruct.epochs());
            }
            case BuildStage.Align align -> {
                MemberChats chats = preferences(align, guard, place);
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
                yield estimate(stage, config, tokens, both.size() / 2, align.epochs());
            }
            case BuildStage.Reward reward -> {
                List<CheckedPrompt> prompts = tasks(reward, guard, place).checked().train();
                long tokens =
                        prompts.stream()
                                .mapToLong(one ->
                                        reward.answerTokens()
                                                + ChatTexts.tokens(one.prompt(), tokenizer))
                                .sum();
                yield estimate(
                        stage,
                        config,
                        tokens * reward.plan().samples(),
                        prompts.size(),
                        reward.epochs());
            }
        };
    }

    private static MemberChats tasks(BuildStage.Reward stage, Optional<Guard> guard, Path place) {
        return screened(
                guard,
                place.resolve(stage.tasks()),
                PermittedUse.ALIGNMENT,
                stage.holdOut().orElse(HELD_OUT_CHATS));
    }

    private StageEstimate estimate(
            BuildStage stage, LlamaConfig config, long tokens, int count, double epochs) {
        return estimate(
                stage,
                config,
                (long) Math.max(1, Math.ceil(epochs * count / stage.settings().sequences())),
                Math.round(epochs * tokens));
    }

    private StageEstimate estimate(BuildStage stage, LlamaConfig config, long steps, long tokens) {
        return StageEstimate.of(stage, config, steps, tokens, compute.accumulationSteps());
    }

    private static Lines<Conversation> conversations(
            BuildStage.Instruct stage, Optional<Guard> guard, Path place) {
        return screened(
                        guard,
                        place.resolve(stage.chats()),
                        PermittedUse.INSTRUCTION_TUNING,
                        stage.holdOut().orElse(HELD_OUT_CHATS))
                .conversations();
    }

    private static MemberChats preferences(
            BuildStage.Align stage, Optional<Guard> guard, Path place) {
        return screened(
                guard,
                place.resolve(stage.preferences()),
                PermittedUse.ALIGNMENT,
                stage.holdOut().orElse(HELD_OUT_CHATS));
    }

    private static MemberChats screened(
            Optional<Guard> guard, Path directory, PermittedUse purpose, double holdOut) {
        MemberChats chats = MemberChats.open(directory, purpose, holdOut);
        return guard.map(one -> chats.without(text -> !one.learnt(text).isEmpty())).orElse(chats);
    }

    /** Prepares the text that a plan's stages read. */
    void prepare(BuildPlan plan, Path place) {
        Optional<Guard> guard = plan.guard(place);
        for (BuildPlan.PreparedText text : plan.preparedTexts()) {
            stop.check();
            began("stage 0, preparing " + text.name());
            TextPreparation.run(
                    place.resolve(text.plan()),
                    guard,
                    prepared(text.name()),
                    compute.threads(),
                    ProgressListener.silent(),
                    stop);
        }
    }

    private Path prepared(String name) {
        return home.builds().resolve("prepared").resolve(name);
    }

    /** A directory with a corpus, as a plan names it. */
    private Path directory(Path place, String corpus) {
        String prefix = BuildPlan.PreparedText.PREFIX;
        return corpus.startsWith(prefix)
                ? prepared(corpus.substring(prefix.length()))
                : place.resolve(corpus);
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
                    corpus(directory(place, text))
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
        try (OpenText text = open(directory(place, stage.corpus()), model);
                OptionalText replay =
                        new OptionalText(
                                stage.replay()
                                        .map(again ->
                                                open(directory(place, again.corpus()), model)))) {
            List<StageOrder.Text> texts = new ArrayList<>();
            texts.add(new StageOrder.Text("train", text.trainDigest(), text.card()));
            texts.add(new StageOrder.Text("held out", text.heldOutDigest(), text.card()));
            replay.text()
                    .ifPresent(again ->
                            texts.add(
                                    new StageOrder.Text(
                                            "replay", again.trainDigest(), again.card())));
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
                    new StageOrder(StageOrder.FORMAT, stage, digest, texts, seed),
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

    private OpenText open(Path directory, Path model) {
        return corpus(directory).open(model, PermittedUse.PRIVATE_CPT);
    }

    private Made instruct(
            BuildStage.Instruct stage,
            Optional<Guard> guard,
            Path place,
            Path model,
            Digest digest,
            long seed) {
        Lines<Conversation> chats = conversations(stage, guard, place);
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
        MemberChats chats = preferences(stage, guard, place);
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
        Lines<CheckedPrompt> lines = tasks(stage, guard, place).checked();
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
                                    Llama reference = Llama.load(files)) {
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
        long tokens =
                (long) steps
                        * stage.settings().sequences()
                        * stage.plan().samples()
                        * stage.answerTokens();
        TuningPlan plan = stage.settings().plan(tokens, seed, compute);
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

    private static StageOrder order(BuildStage stage, Digest digest, Lines<?> lines, long seed) {
        return new StageOrder(
                StageOrder.FORMAT,
                stage,
                digest,
                List.of(new StageOrder.Text("chats", lines.content(), lines.card())),
                seed);
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
        Optional<StageResult> finished = stages.finished(order);
        StageResult result = finished.orElseGet(() -> work.apply(order));
        return new Made(
                stages.model(order),
                result,
                finished.isPresent(),
                Optional.of(stages.adapter(order)).filter(Files::isDirectory),
                Optional.empty());
    }

    /**
     * The texts that a plan is measured on, as tokens of a model's tokenizer.
     *
     * @param own of the member
     * @param retained that the base knew, or none
     */
    record Texts(HeldOut own, HeldOut retained, EvaluationPlan plan) implements AutoCloseable {

        @Override
        public void close() {
            own.close();
            retained.close();
        }
    }

    /** Opens the texts that a plan is measured on. */
    Texts texts(EvaluationPlan plan, Path place, Path model) {
        HeldOut own = heldOut(directory(place, plan.own()), model);
        try {
            return new Texts(
                    own,
                    plan.retention()
                            .map(corpus -> heldOut(directory(place, corpus), model))
                            .orElse(HeldOut.NONE),
                    plan);
        } catch (RuntimeException e) {
            own.close();
            throw e;
        }
    }

    private HeldOut heldOut(Path corpus, Path model) {
        return new HeldOut(corpus(corpus).open(model, PermittedUse.EVALUATION));
    }

    /** How a model does; the same question is not asked twice. */
    BuildResult.Loss loss(String name, String stage, Path model, Digest digest, Texts texts) {
        stop.check();
        int sequence = texts.plan().sequenceLength();
        long tokens = texts.plan().scoredTokens();
        BuildResult.Loss loss =
                new BuildResult.Loss(
                        texts.own().loss(losses, model, digest, sequence, tokens).orElseThrow(),
                        texts.retained().loss(losses, model, digest, sequence, tokens));
        progress.on(new NodeUpdate.Evaluated(clock.instant(), name, stage, loss.own(), tokens));
        return loss;
    }

    /** Each text's tokens are kept apart from the others'. */
    private MemberCorpus corpus(Path directory) {
        Path normal = directory.toAbsolutePath().normalize();
        Digest name = Digest.of(normal.toString().getBytes(StandardCharsets.UTF_8));
        return MemberCorpus.of(
                normal,
                HOLD_OUT,
                home.builds().resolve("tokens").resolve(name.hex().substring(0, 16)));
    }

    /**
     * Gives a model its name, in the formats that the world uses, and writes down where it comes
     * from.
     */
    Path publish(BuildPlan plan, Path model, Optional<Path> adapter, Lineage lineage, String card) {
        SovereignShelf shelf = new SovereignShelf(home);
        try {
            Files.createDirectories(home.sovereign());
            Path draft = shelf.draft(plan.name());
            copy(model, draft);
            if (adapter.isPresent()) {
                copy(adapter.orElseThrow(), draft.resolve("adapter"));
                Drafts.syncFiles(draft.resolve("adapter"));
            }
            GgufWriter.write(
                    draft, draft.resolve("weights.gguf"), plan.gguf().orElse(Quantisation.F16));
            Files.writeString(draft.resolve("README.md"), card);
            registry.add(lineage);
            shelf.publish(plan.name());
            return home.sovereign(plan.name());
        } catch (IOException e) {
            throw new NodeException(
                    Code.STORAGE, "cannot write " + home.sovereign(plan.name()) + ": " + e, e);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }
}
