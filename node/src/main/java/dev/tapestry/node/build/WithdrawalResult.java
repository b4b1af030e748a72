package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a withdrawal came to.
 *
 * @param data what was withdrawn, and why
 * @param models that descend from it, parents before children
 */
public record WithdrawalResult(WithdrawnData data, List<Affected> models) {

    /** What became of a model, or will. */
    public enum State {
        /** It is to be built again by its new plan. */
        PLANNED,
        /** It was built again without the data; the old one is gone. */
        REBUILT,
        /** A newer model has its name, or its directory is gone. */
        GONE,
        /** Nothing is left of its plan: delete its directory. */
        EMPTY,
        /** It cannot be built again by itself, or a gate was broken: the detail says why. */
        STUCK
    }

    /**
     * A model that descends from the data.
     *
     * @param model its digest
     * @param name that it has
     * @param level in the hierarchy of models
     * @param state what became of it
     * @param detail in words: what is left out of its plan, or why it is stuck
     * @param plan the file with its new plan, if there is one
     * @param before how the old model does
     * @param successor the new model, if there is one
     * @param after how that does
     */
    public record Affected(
            Digest model,
            String name,
            Optional<ModelLevel> level,
            State state,
            String detail,
            Optional<String> plan,
            BuildResult.Loss before,
            Optional<Digest> successor,
            Optional<BuildResult.Loss> after) {

        static Affected of(Lineage lineage, State state, String detail) {
            return new Affected(
                    lineage.model(),
                    lineage.name(),
                    lineage.level(),
                    state,
                    detail,
                    Optional.empty(),
                    lineage.after(),
                    Optional.empty(),
                    Optional.empty());
        }

        Affected with(String file) {
            return new Affected(
                    model, name, level, state, detail, Optional.of(file), before, successor, after);
        }

        Affected stuck(String why) {
            return new Affected(
                    model, name, level, State.STUCK, why, plan, before, successor, after);
        }

        Affected rebuilt(Lineage newer) {
            return new Affected(
                    model,
                    name,
                    level,
                    State.REBUILT,
                    detail,
                    plan,
                    before,
                    Optional.of(newer.model()),
                    Optional.of(newer.after()));
        }

        /** In one line. */
        public String words() {
            return "%s %s: %s, %s%s"
                    .formatted(
                            model.abbreviated(),
                            name,
                            state.name().toLowerCase(Locale.ROOT),
                            detail,
                            after.map(loss ->
                                            String.format(
                                                    Locale.ROOT,
                                                    "; %.4f bits per byte (%.4f)",
                                                    loss.own(),
                                                    before.own()))
                                    .orElse(""));
        }
    }

    public WithdrawalResult {
        models = List.copyOf(models);
    }

    /** Whether no model that is here descends from the data any more. */
    public boolean done() {
        return models.stream()
                .allMatch(each -> each.state() == State.REBUILT || each.state() == State.GONE);
    }
}
