package dev.tapestry.app.command;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.build.Lineage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Models as a tree, children below their parents, with what they learnt from. */
final class LineageTree {

    private final List<Lineage> models;
    private final List<String> lines = new ArrayList<>();
    private final Set<Lineage> told = new HashSet<>();

    private LineageTree(List<Lineage> models) {
        this.models =
                models.stream()
                        .sorted(
                                Comparator.comparing(Lineage::name)
                                        .thenComparing(l -> l.model().hex()))
                        .toList();
    }

    /** One line for each model and each text of it. */
    static List<String> lines(List<Lineage> models) {
        LineageTree tree = new LineageTree(models);
        Set<Digest> known = new HashSet<>();
        models.forEach(model -> known.add(model.model()));
        for (Lineage model : tree.models) {
            if (!known.contains(model.parent())) {
                tree.tell(model, "");
            }
        }
        return tree.lines;
    }

    private void tell(Lineage model, String indent) {
        if (!told.add(model)) {
            return;
        }
        lines.add(
                String.format(
                        Locale.ROOT,
                        "%s%s  %s%s of %s, %s, %.4f bits per byte (%.4f)",
                        indent,
                        model.model().abbreviated(),
                        model.name(),
                        model.level()
                                .map(level -> ", " + level.name().toLowerCase(Locale.ROOT) + ",")
                                .orElse(""),
                        model.parent().abbreviated(),
                        way(model.way()),
                        model.after().own(),
                        model.before().own()));
        model.stages()
                .forEach(stage ->
                        stage.order()
                                .texts()
                                .forEach(text ->
                                        lines.add(
                                                "%s    %s %s, card %s"
                                                        .formatted(
                                                                indent,
                                                                text.role(),
                                                                text.content(),
                                                                text.card()))));
        model.sources()
                .orElse(List.of())
                .forEach(source ->
                        lines.add(
                                "%s    source '%s' of '%s' %s, card %s"
                                        .formatted(
                                                indent,
                                                source.name(),
                                                source.text(),
                                                source.content(),
                                                source.card())));
        models.stream()
                .filter(child -> child.parent().equals(model.model()))
                .forEach(child -> tell(child, indent + "  "));
    }

    private static String way(Lineage.Way way) {
        return switch (way) {
            case Lineage.Way.Trained _ -> "trained";
            case Lineage.Way.Rebased moved ->
                    "moved from %s, λ = %s".formatted(moved.from().abbreviated(), moved.scale());
            case Lineage.Way.Merged merged ->
                    "merged of %s, %s"
                            .formatted(String.join(", ", merged.by().of()), merged.rule());
        };
    }
}
