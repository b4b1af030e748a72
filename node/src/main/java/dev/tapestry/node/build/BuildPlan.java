package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.StrictYaml;
import dev.tapestry.weights.gguf.Quantisation;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * What a Sovereign Build makes of a base: {@code build.yaml}. Paths are relative to that file.
 *
 * <pre>
 * name: health                    # of the model
 * level: ENTITY                   # GLOBAL, REGIONAL, NATIONAL or ENTITY, if it has a place among others
 * base: ../base                   # a model directory with tokenizer.json, or model:NAME
 * base-digest: 5f2c…              # refused if the base is another one
 * seed: 1
 * constitution: constitution.yaml # what is protected stays out of all data
 * bundled:                        # open texts that come with the program, laid here first
 *   - {text: health, to: text/health}
 * data:                           # stage 0: text that is prepared first, by a plan of its own
 *   - {name: health, plan: health-data.yaml}
 * stages:                         # one after the other; see {@link BuildStage}
 *   - type: pretrain
 *     corpus: prepared:health
 *     tokens: 2000000
 * evaluation:                     # after every stage; see {@link EvaluationPlan}
 *   own: prepared:health
 *   retention: data/open
 * gguf: q8_0
 * </pre>
 *
 * @param name of the model: the folder below {@code sovereign/}
 * @param level in the hierarchy of models
 * @param base a Hugging Face model directory; {@code model:NAME} is one that was made in the same
 *     place
 * @param baseDigest of its files, as bases are named
 * @param seed of everything that is drawn
 * @param constitution whose protected domains are left out of what is prepared and of what is
 *     learnt to be said, and found in no other text
 * @param bundled open texts that come with the program, and where they are laid before anything
 *     else
 * @param data what is prepared first; {@code prepared:NAME} names it where a corpus is asked for
 * @param stages at least one
 * @param evaluation what is measured after every stage, and what it must come to
 * @param gguf how the GGUF file is quantised
 */
public record BuildPlan(
        String name,
        Optional<ModelLevel> level,
        String base,
        Optional<Digest> baseDigest,
        Optional<Long> seed,
        @LeftOutWhenEmpty Optional<String> constitution,
        @LeftOutWhenEmpty Optional<List<BundledText>> bundled,
        @LeftOutWhenEmpty Optional<List<PreparedText>> data,
        List<BuildStage> stages,
        EvaluationPlan evaluation,
        Optional<Quantisation> gguf) {

    public BuildPlan {
        requireName("name", name);
        if (base.startsWith(MODEL)) {
            requireName("base", base.substring(MODEL.length()));
        }
        stages = List.copyOf(stages);
        if (stages.isEmpty()) {
            throw new IllegalArgumentException("stages: a build has at least one stage");
        }
    }

    /**
     * An open text that comes with the program.
     *
     * @param text its name
     * @param to the directory it is laid into, below the plan's
     */
    public record BundledText(String text, String to) {
        public BundledText {
            Path path = Path.of(to).normalize();
            if (path.isAbsolute() || path.startsWith("..") || path.toString().isEmpty()) {
                throw new IllegalArgumentException(
                        "bundled: 'to' is a directory below the plan's, not '%s'".formatted(to));
            }
        }
    }

    /**
     * A text that is prepared.
     *
     * @param name by which stages call it
     * @param plan its plan, as {@code tapestry corpus prepare} takes it
     */
    public record PreparedText(String name, String plan) {

        /** What stands before the name where a corpus is asked for. */
        static final String PREFIX = "prepared:";

        public PreparedText {
            requireName("data", name);
        }
    }

    static void requireName(String key, String name) {
        if (!name.matches("[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")) {
            throw new IllegalArgumentException(
                    "%s: a name has 1 to 64 letters, digits, dots, hyphens or underscores, not '%s'"
                            .formatted(key, name));
        }
    }

    /** Whether the base is a model that was made in the same place. */
    public boolean isOfModel() {
        return base.startsWith(MODEL);
    }

    /** What is laid beside the plan first. */
    List<BundledText> bundledTexts() {
        return bundled.orElse(List.of());
    }

    /** What is prepared first. */
    List<PreparedText> preparedTexts() {
        return data.orElse(List.of());
    }

    /**
     * The guard of the constitution.
     *
     * @param place that paths in the plan are relative to
     */
    Optional<Guard> guard(Path place) {
        return constitution.map(file -> Guard.read(place.resolve(file)));
    }

    /**
     * Refuses a plan that reads prepared text which it does not prepare.
     *
     * @throws NodeException {@code CONFIG_INVALID}, with the text
     */
    void requirePrepared() {
        List<String> known =
                preparedTexts().stream().map(text -> PreparedText.PREFIX + text.name()).toList();
        Stream.concat(
                        stages.stream().flatMap(BuildStage::texts),
                        Stream.concat(Stream.of(evaluation.own()), evaluation.retention().stream()))
                .filter(text -> text.startsWith(PreparedText.PREFIX) && !known.contains(text))
                .findFirst()
                .ifPresent(text -> {
                    throw new NodeException(
                            Code.CONFIG_INVALID,
                            "'%s' is not prepared: 'data' has %s; name its plan there"
                                    .formatted(text, known));
                });
    }

    /** How turns are written out for the model, if a stage learns from conversations. */
    Optional<ChatTemplate> chatTemplate() {
        return stages.stream().flatMap(stage -> stage.chatTemplate().stream()).findFirst();
    }

    /** What stands before the name of a base that was made in the same place. */
    static final String MODEL = "model:";

    /**
     * A plan of one stage of pre-training, measured on the text that it learns from.
     *
     * @param corpus a directory with a card
     * @param tokens to train on, rounded up to whole steps
     * @param scoringTokens of the held-out text, before and after
     */
    public static BuildPlan pretraining(
            String name,
            Path base,
            Path corpus,
            long tokens,
            StageTraining training,
            long seed,
            long scoringTokens,
            Quantisation gguf) {
        String text = corpus.toAbsolutePath().normalize().toString();
        BuildStage stage =
                new BuildStage.Pretrain(text, tokens, Optional.empty(), Optional.of(training));
        return new BuildPlan(
                name,
                Optional.empty(),
                base.toAbsolutePath().normalize().toString(),
                Optional.empty(),
                Optional.of(seed),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(stage),
                new EvaluationPlan(
                        text,
                        Optional.empty(),
                        Optional.of(scoringTokens),
                        training.sequence(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty()),
                Optional.of(gguf));
    }

    /** The same of another base, whatever that is. */
    BuildPlan withBase(String other) {
        return new BuildPlan(
                name,
                level,
                other,
                Optional.empty(),
                seed,
                constitution,
                bundled,
                data,
                stages,
                evaluation,
                gguf);
    }

    /** The same by another name. */
    BuildPlan called(String other) {
        return new BuildPlan(
                other,
                level,
                base,
                baseDigest,
                seed,
                constitution,
                bundled,
                data,
                stages,
                evaluation,
                gguf);
    }

    /** The same with whole paths instead of those that are relative to a place. */
    BuildPlan absolute(Path place) {
        UnaryOperator<String> whole =
                path ->
                        path.startsWith(PreparedText.PREFIX)
                                ? path
                                : place.resolve(path).normalize().toString();
        return new BuildPlan(
                name,
                level,
                isOfModel() ? base : place.resolve(base).normalize().toString(),
                baseDigest,
                seed,
                constitution.map(whole),
                Optional.empty(), // they lie there by now
                data.map(texts ->
                        texts.stream()
                                .map(text ->
                                        new PreparedText(text.name(), whole.apply(text.plan())))
                                .toList()),
                stages.stream().map(stage -> stage.of(whole)).toList(),
                evaluation.of(whole),
                gguf);
    }

    /** The same with other texts. */
    BuildPlan with(List<PreparedText> texts, List<BuildStage> some, EvaluationPlan measured) {
        return new BuildPlan(
                name,
                level,
                base,
                baseDigest,
                seed,
                constitution,
                bundled,
                texts.isEmpty() ? Optional.empty() : Optional.of(texts),
                some,
                measured,
                gguf);
    }

    /** Writes a plan as {@link #read} reads it. */
    void write(Path file) {
        SafeFile.write(file, StrictYaml.text(this, StrictYaml.Spelling.HYPHENATED));
    }

    /** The directory that paths in a plan are relative to. */
    static Path place(Path file) {
        return file.toAbsolutePath().resolveSibling(".").normalize();
    }

    /**
     * Reads a plan.
     *
     * @throws NodeException {@code CONFIG_INVALID}, with the key that is unknown, missing or out of
     *     range
     */
    public static BuildPlan read(Path file) {
        try {
            BuildPlan plan = StrictYaml.read(file, BuildPlan.class, StrictYaml.Spelling.HYPHENATED);
            plan.requireSense(file);
            return plan;
        } catch (TrustException e) {
            throw new NodeException(Code.CONFIG_INVALID, String.valueOf(e.getMessage()), e);
        }
    }

    /** What is refused in a file, and was not always in a lineage. */
    private void requireSense(Path file) {
        List<String> names = preparedTexts().stream().map(PreparedText::name).toList();
        if (names.stream().distinct().count() < names.size()) {
            throw new NodeException(
                    Code.CONFIG_INVALID,
                    "%s: data: a name is there twice: %s".formatted(file, names));
        }
        if (evaluation.maxRetentionLossPercent().isPresent() && evaluation.retention().isEmpty()) {
            throw new NodeException(
                    Code.CONFIG_INVALID,
                    "%s: evaluation: max-retention-loss-percent is about retention; name a text"
                            .formatted(file));
        }
    }
}
