package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.StrictYaml;
import dev.tapestry.weights.gguf.Quantisation;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a Sovereign Build makes of a base: {@code build.yaml}. Paths are relative to that file.
 *
 * <pre>
 * name: health                    # of the model
 * level: ENTITY                   # GLOBAL, REGIONAL, NATIONAL or ENTITY, if it has a place among others
 * base: ../base                   # a model directory with tokenizer.json
 * base-digest: 5f2c…              # refused if the base is another one
 * seed: 1
 * constitution: constitution.yaml # what is protected stays out of all data
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
 * @param base a Hugging Face model directory
 * @param baseDigest of its files, as bases are named
 * @param seed of everything that is drawn
 * @param constitution whose protected domains are left out of what is prepared and of what is
 *     learnt to be said, and found in no other text
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
        @LeftOutWhenEmpty Optional<List<PreparedText>> data,
        List<BuildStage> stages,
        EvaluationPlan evaluation,
        Optional<Quantisation> gguf) {

    public BuildPlan {
        if (!name.matches("[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")) {
            throw new IllegalArgumentException(
                    "name: a model's name has 1 to 64 letters, digits, dots, hyphens or"
                        + " underscores, not '"
                            + name
                            + "'");
        }
        stages = List.copyOf(stages);
        if (stages.isEmpty()) {
            throw new IllegalArgumentException("stages: a build has at least one stage");
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
            if (!name.matches("[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")) {
                throw new IllegalArgumentException(
                        "data: a name has 1 to 64 letters, digits, dots, hyphens or underscores,"
                            + " not '"
                                + name
                                + "'");
            }
        }
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

    /** How turns are written out for the model, if a stage learns from conversations. */
    Optional<ChatTemplate> chatTemplate() {
        return stages.stream().flatMap(stage -> stage.chatTemplate().stream()).findFirst();
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
            return StrictYaml.read(file, BuildPlan.class, StrictYaml.Spelling.HYPHENATED);
        } catch (TrustException e) {
            throw new NodeException(Code.CONFIG_INVALID, String.valueOf(e.getMessage()), e);
        }
    }
}
