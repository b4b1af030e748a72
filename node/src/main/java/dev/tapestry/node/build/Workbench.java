package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.chat.CheckedPrompt;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.preparation.ProgressListener;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeConfig;
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
import org.jspecify.annotations.Nullable;

/** Where the stages of a plan are made and measured, and their models published. */
final class Workbench {

    private static final double HOLD_OUT = 0.05;
    private static final double HELD_OUT_CHATS = 0.1;

    /** For the scores on the way. */
    private static final long SCORED_TOKENS = 20_000;

    private final NodeHome home;
    private final BundledTexts bundledTexts;
    private final Compute compute;
    private final NodeProgress progress;
    private final StopSignal stop;
    private final InstantSource clock;
    private final StageShelf stages;
    private final LossBook losses;
    private final ModelRegistry registry;
    private Withdrawn withdrawn;
    private final SuiteBench suites;

    Workbench(
            NodeHome home,
            BundledTexts bundledTexts,
            Compute compute,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        this.home = home;
        this.bundledTexts = bundledTexts;
        this.compute = compute;
        this.progress = progress;
        this.stop = stop;
        this.clock = clock;
        this.stages = new StageShelf(home.builds().resolve("stages"));
        this.losses = new LossBook(home.builds().resolve("losses"), new HeldOutEvaluation(compute));
        this.registry = new ModelRegistry(home);
        this.withdrawn = Withdrawn.of(registry);
        this.suites =
                new SuiteBench(
                        home.builds().resolve("evaluations"), compute, progress, stop, clock);
    }

    /** Marks data as withdrawn. */
    void withdraw(WithdrawnData data) {
        registry.withdraw(data);
        withdrawn = Withdrawn.of(registry);
    }

    ModelRegistry registry() {
        return registry;
    }

    SuiteBench suites() {
        return suites;
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

    /** Where the base of a plan lies. */
    Path base(BuildPlan plan, Path place) {
        return plan.base().startsWith(BuildPlan.MODEL)
                ? home.sovereign(plan.base().substring(BuildPlan.MODEL.length()))
                : place.resolve(plan.base()).normalize();
    }

    /** Whether this is the place of a model's name, whatever has it at the moment. */
    boolean isOfName(Path model) {
        return home.sovereign().equals(model.toAbsolutePath().normalize().getParent());
    }

    /** Where a model lies in this home: among the bases, the models, or those that gave way. */
    Optional<Path> find(Digest model) {
        for (Path known : List.of(home.model(model), replaced(model))) {
            if (Files.isDirectory(known) && SovereignBuild.digest(known).equals(model)) {
                return Optional.of(known);
            }
        }
        return registry.find(model)
                .map(lineage -> home.sovereign(lineage.name()))
                .filter(Files::isDirectory)
                .filter(there -> SovereignBuild.digest(there).equals(model));
    }

    /** Where a model is kept that gave way to a newer one while others were made of it. */
    private Path replaced(Digest model) {
        return home.builds().resolve("replaced").resolve(model.hex());
    }

    /** A plan's place, as a lineage has it: so that both can be moved together. */
    Optional<String> placed(Path place) {
        return Optional.of(
                home.directory().relativize(place.toAbsolutePath().normalize()).toString());
    }

    /** The place that paths in a lineage's plan are relative to. */
    Path place(Lineage lineage) {
        return home.directory().resolve(lineage.place().orElse("")).normalize();
    }

    Withdrawn withdrawn() {
        return withdrawn;
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

    /** Lays the texts that come with the program where a plan wants them. */
    void lay(BuildPlan plan, Path place) {
        for (BuildPlan.BundledText text : plan.bundledTexts()) {
            stop.check();
            bundledTexts.lay(text.text(), place.resolve(text.to()));
        }
    }

    /** Prepares the text that a plan's stages read. */
    void prepare(BuildPlan plan, Path place) {
        Optional<Guard> guard = plan.guard(place);
        for (BuildPlan.PreparedText text : plan.preparedTexts()) {
            stop.check();
            TextPreparation.cards(place.resolve(text.plan()))
                    .forEach((name, card) ->
                            withdrawn.require("the text '%s'".formatted(name), card));
            began("stage 0, preparing " + text.name());
            TextPreparation.run(
                    place.resolve(text.plan()),
                    guard,
                    prepared(text.name()),
                    compute.threads(),
                    ProgressListener.silent(),
                    stop);
            sources(text, place)
                    .forEach(source ->
                            withdrawn.require(
                                    "the text '%s'".formatted(source.name()), source.content()));
        }
    }

    /** What texts were prepared of. */
    Optional<List<Lineage.Source>> sources(BuildPlan plan, Path place) {
        List<Lineage.Source> sources =
                plan.preparedTexts().stream()
                        .flatMap(text -> sources(text, place).stream())
                        .toList();
        return Optional.of(sources).filter(found -> !found.isEmpty());
    }

    private List<Lineage.Source> sources(BuildPlan.PreparedText text, Path place) {
        Path prepared = prepared(text.name());
        return TextPreparation.sources(place.resolve(text.plan()), prepared).stream()
                .map(source ->
                        new Lineage.Source(
                                text.name(), source.name(), source.content(), source.card()))
                .toList();
    }

    private Path prepared(String name) {
        return home.builds().resolve("prepared").resolve(name);
    }

    /** A directory with a corpus, as a plan names it. */
    Path directory(Path place, String corpus) {
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
        order.texts()
                .forEach(text ->
                        withdrawn.require(
                                "the text (%s) of stage %s"
                                        .formatted(text.role(), order.stage().title()),
                                text.content(),
                                text.card()));
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
        OpenText text = corpus(corpus).open(model, PermittedUse.EVALUATION);
        try {
            withdrawn.require(
                    "the text that it is measured on", text.trainDigest(), text.heldOutDigest());
            withdrawn.require("the text that it is measured on", text.card());
            return new HeldOut(text);
        } catch (RuntimeException e) {
            text.close();
            throw e;
        }
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

    /**
     * Each text's tokens are kept apart from the others'. Of the node's own text is held out what
     * the node holds out.
     */
    private MemberCorpus corpus(Path directory) {
        Path normal = directory.toAbsolutePath().normalize();
        Optional<NodeConfig> node = node();
        if (node.isPresent()
                && node.orElseThrow().corpus().toAbsolutePath().normalize().equals(normal)) {
            return new MemberCorpus(home, node.orElseThrow());
        }
        Digest name = Digest.of(normal.toString().getBytes(StandardCharsets.UTF_8));
        return MemberCorpus.of(
                normal,
                HOLD_OUT,
                home.builds().resolve("tokens").resolve(name.hex().substring(0, 16)));
    }

    private Optional<NodeConfig> node() {
        return Files.exists(home.config()) ? Optional.of(NodeConfig.read(home)) : Optional.empty();
    }

    /** The card of a model that a plan makes. */
    BuildCard card(BuildPlan plan, Path place) {
        return new BuildCard(
                plan,
                node().map(NodeConfig::member),
                ModelOrigin.find(base(plan, place)),
                plan.stages().stream()
                        .flatMap(BuildStage::texts)
                        .distinct()
                        .map(text -> MemberCorpus.card(directory(place, text)))
                        .toList());
    }

    /** Models that have their names still, and were made of this one. */
    List<Lineage> children(Digest model) {
        return registry.all().stream()
                .filter(lineage -> lineage.parent().equals(model))
                .filter(lineage -> {
                    Path there = home.sovereign(lineage.name());
                    return Files.isDirectory(there)
                            && SovereignBuild.digest(there).equals(lineage.model());
                })
                .toList();
    }

    /** Keeps a model that others were made of, so that they can be moved after it. */
    private void keepReplaced(String name) throws IOException {
        Path old = home.sovereign(name);
        if (!Files.isDirectory(old)) {
            return;
        }
        Digest digest = SovereignBuild.digest(old);
        Path kept = replaced(digest);
        if (children(digest).isEmpty() || withdrawn.isModel(digest) || Files.exists(kept)) {
            return;
        }
        Files.createDirectories(kept.getParent());
        Path draft = Drafts.beside(kept);
        copy(old, draft);
        Drafts.syncFiles(draft);
        Drafts.publish(draft, kept);
    }

    /** Drops models that gave way and that nothing is made of any more. */
    private void dropReplaced() throws IOException {
        Path folder = home.builds().resolve("replaced");
        if (!Files.isDirectory(folder)) {
            return;
        }
        Drafts.sweep(folder);
        try (Stream<Path> kept = Files.list(folder)) {
            for (Path each : kept.toList()) {
                if (children(new Digest(each.getFileName().toString())).isEmpty()) {
                    Drafts.delete(each);
                }
            }
        }
    }

    /** What a withdrawal leaves of stages, tokens and models that came of the data: nothing. */
    void forgetWithdrawn() {
        try {
            stages.forget(result ->
                    result.order().texts().stream().anyMatch(withdrawn::isData)
                            || withdrawn.isModel(result.order().model())
                            || withdrawn.isModel(result.model()));
            Drafts.delete(home.builds().resolve("tokens"));
            dropReplaced();
        } catch (IOException e) {
            throw new NodeException(
                    Code.STORAGE, "cannot delete below " + home.builds() + ": " + e, e);
        }
    }

    /**
     * Gives a model its name, in the formats that the world uses, and writes down where it comes
     * from. The base's licence goes along.
     */
    Path publish(
            BuildPlan plan,
            Path base,
            Path model,
            Optional<Path> adapter,
            Lineage lineage,
            String card) {
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
            keepReplaced(plan.name());
            Optional<Path> licence = UpstreamLicence.file(base);
            if (licence.isPresent()) {
                Path file = licence.orElseThrow();
                Files.copy(file, draft.resolve(file.getFileName()));
            }
            registry.add(lineage);
            shelf.publish(plan.name());
            dropReplaced();
            return home.sovereign(plan.name());
        } catch (IOException e) {
            throw new NodeException(
                    Code.STORAGE, "cannot write " + home.sovereign(plan.name()) + ": " + e, e);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }
}
