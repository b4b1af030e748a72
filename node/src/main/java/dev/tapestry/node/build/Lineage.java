package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where a model comes from, with everything that is needed to make it again.
 *
 * @param model its digest
 * @param name that it was given
 * @param level in the hierarchy of models
 * @param parent digest of what it was made from
 * @param origin of the parent, where it or its own parents were imported
 * @param plan that asked for it
 * @param way in which it was made of the parent
 * @param stages what was trained, in order
 * @param before how the parent does
 * @param after how the model does
 * @param place that paths in the plan are relative to, itself relative to where models are built
 * @param sources of the texts that were prepared for it
 */
public record Lineage(
        Digest model,
        String name,
        Optional<ModelLevel> level,
        Digest parent,
        Optional<ModelOrigin> origin,
        BuildPlan plan,
        Way way,
        List<StageResult> stages,
        BuildResult.Loss before,
        BuildResult.Loss after,
        @LeftOutWhenEmpty Optional<String> place,
        @LeftOutWhenEmpty Optional<List<Source>> sources) {

    /**
     * A source of a text that was prepared.
     *
     * @param text the prepared text's name in the plan
     * @param name of the source in the plan of the preparation
     * @param content digest of its files
     * @param card digest of its card
     */
    public record Source(String text, String name, Digest content, Digest card) {}

    /** How a model is made of its parent. */
    public sealed interface Way {

        /** By the plan's stages. */
        record Trained() implements Way {}

        /**
         * By what another model has learnt since its own base, put on top of the parent.
         *
         * @param derivative digest of that model
         * @param from digest of its base
         * @param scale λ, what its change was multiplied by
         * @param healedTokens that it was trained on afterwards
         */
        record Rebased(Digest derivative, Digest from, double scale, long healedTokens)
                implements Way {}

        /**
         * Of several models of one base, which is the parent.
         *
         * @param of digests of these models, in order
         * @param by what was asked for, with their names
         * @param rule that passed, in words
         */
        record Merged(List<Digest> of, MergePlan by, String rule) implements Way {
            public Merged {
                of = List.copyOf(of);
            }
        }
    }

    public Lineage {
        stages = List.copyOf(stages);
    }

    /** Digests of the data that went in with these stages: of contents and of cards. */
    Stream<Digest> data() {
        return Stream.concat(
                stages.stream()
                        .flatMap(stage -> stage.order().texts().stream())
                        .flatMap(text -> Stream.of(text.content(), text.card())),
                sources.orElse(List.of()).stream()
                        .flatMap(source -> Stream.of(source.content(), source.card())));
    }

    /** The models that it was made from, the imported one as it was found among them. */
    Stream<Digest> parents() {
        Stream<Digest> near =
                switch (way) {
                    case Way.Trained _ -> Stream.of(parent);
                    case Way.Rebased(Digest derivative, Digest from, double _, long _) ->
                            Stream.of(parent, derivative, from);
                    case Way.Merged(List<Digest> of, MergePlan _, String _) ->
                            Stream.concat(Stream.of(parent), of.stream());
                };
        return Stream.concat(near, origin.map(ModelOrigin::source).stream());
    }
}
