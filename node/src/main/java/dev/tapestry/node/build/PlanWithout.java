package dev.tapestry.node.build;

import dev.tapestry.node.access.TextPreparation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A kept plan without what was withdrawn.
 *
 * @param plan what is left of it, or nothing if no stage is
 * @param changes in words
 */
record PlanWithout(Optional<BuildPlan> plan, List<String> changes) {

    /**
     * Leaves out what was withdrawn: a stage that learns from it, replay of it, a source of a text
     * that is prepared. Where the own text of the evaluation goes, what is left to learn from takes
     * its place.
     *
     * @param lineage of the model, whose plan it is
     * @param stages what its stages learnt from
     * @param place that paths in the plan are relative to
     * @param folder where plans of preparations are written
     */
    static PlanWithout of(
            Withdrawn withdrawn,
            Lineage lineage,
            List<StageResult> stages,
            Path place,
            Path folder) {
        List<String> changes = new ArrayList<>();
        Set<String> dropped = new HashSet<>();
        List<BuildPlan.PreparedText> texts =
                texts(withdrawn, lineage, place, folder, dropped, changes);
        List<BuildStage> left = new ArrayList<>();
        List<BuildStage> planned = lineage.plan().stages();
        for (int i = 0; i < planned.size(); i++) {
            List<StageOrder.Text> learnt =
                    i < stages.size() ? stages.get(i).order().texts() : List.of();
            stage(withdrawn, planned.get(i), learnt, dropped, changes).ifPresent(left::add);
        }
        return new PlanWithout(
                measured(lineage.plan().evaluation(), left, dropped, changes)
                        .map(evaluation -> lineage.plan().with(texts, left, evaluation)),
                changes);
    }

    /** Texts that are prepared, of the sources that are left; {@code dropped} takes the others. */
    private static List<BuildPlan.PreparedText> texts(
            Withdrawn withdrawn,
            Lineage lineage,
            Path place,
            Path folder,
            Set<String> dropped,
            List<String> changes) {
        List<BuildPlan.PreparedText> texts = new ArrayList<>();
        for (BuildPlan.PreparedText text : lineage.plan().preparedTexts()) {
            List<Lineage.Source> sources =
                    lineage.sources().orElse(List.of()).stream()
                            .filter(source -> source.text().equals(text.name()))
                            .toList();
            Set<String> gone = new HashSet<>();
            sources.stream()
                    .filter(source ->
                            withdrawn.isData(source.content()) || withdrawn.isData(source.card()))
                    .forEach(source -> gone.add(source.name()));
            if (gone.isEmpty()) {
                texts.add(text);
            } else if (gone.size() == sources.size()) {
                dropped.add(BuildPlan.PreparedText.PREFIX + text.name());
                changes.add("nothing is left of the prepared text '%s'".formatted(text.name()));
            } else {
                Path file = folder.resolve(text.name() + "-data.yaml");
                TextPreparation.without(place.resolve(text.plan()), gone, file);
                texts.add(new BuildPlan.PreparedText(text.name(), file.toString()));
                changes.add("the text '%s' without %s".formatted(text.name(), gone));
            }
        }
        return texts;
    }

    private static Optional<BuildStage> stage(
            Withdrawn withdrawn,
            BuildStage stage,
            List<StageOrder.Text> learnt,
            Set<String> dropped,
            List<String> changes) {
        boolean own =
                stage.texts().limit(1).anyMatch(dropped::contains)
                        || learnt.stream()
                                .filter(text -> !text.role().equals(StageOrder.Text.REPLAY))
                                .anyMatch(withdrawn::isData);
        if (own) {
            stage.texts().limit(1).forEach(dropped::add);
            changes.add("without stage " + stage.title());
            return Optional.empty();
        }
        if (stage instanceof BuildStage.Pretrain pretrain && pretrain.replay().isPresent()) {
            String replayed = pretrain.replay().orElseThrow().corpus();
            if (dropped.contains(replayed) || learnt.stream().anyMatch(withdrawn::isData)) {
                dropped.add(replayed);
                changes.add("without replay in stage " + stage.title());
                return Optional.of(pretrain.withoutReplay());
            }
        }
        return Optional.of(stage);
    }

    private static Optional<EvaluationPlan> measured(
            EvaluationPlan plan, List<BuildStage> left, Set<String> dropped, List<String> changes) {
        Optional<String> own =
                dropped.contains(plan.own())
                        ? left.stream()
                                .filter(BuildStage.Pretrain.class::isInstance)
                                .flatMap(stage -> stage.texts().limit(1))
                                .findFirst()
                        : Optional.of(plan.own());
        if (left.isEmpty() || own.isEmpty()) {
            changes.add(
                    left.isEmpty()
                            ? "no stage is left"
                            : "no text is left to measure it on; write a plan");
            return Optional.empty();
        }
        if (!own.orElseThrow().equals(plan.own())) {
            changes.add("measured on " + own.orElseThrow());
        }
        if (plan.retention().filter(dropped::contains).isPresent()) {
            changes.add("without retained text");
        }
        return own.map(
                text -> plan.on(text, plan.retention().filter(other -> !dropped.contains(other))));
    }
}
