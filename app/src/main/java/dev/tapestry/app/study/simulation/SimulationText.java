package dev.tapestry.app.study.simulation;

import dev.tapestry.app.report.Html;
import dev.tapestry.app.report.LinePlot;
import dev.tapestry.app.report.LinePlot.Line;
import dev.tapestry.app.report.LinePlot.Point;
import dev.tapestry.app.report.TextTable;
import dev.tapestry.app.study.simulation.SimulationReport.Outcome;
import dev.tapestry.app.study.simulation.SimulationReport.Round;
import dev.tapestry.app.study.simulation.SimulationReport.VariantResult;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** A simulation's figures for people: a table, and a page with curves. */
public final class SimulationText {

    private static final double HOUR = 3600;
    private static final double MEGABYTE = 1e6;

    private static final List<String> HEAD =
            List.of(
                    "variant",
                    "bases",
                    "virtual hours",
                    "MB up",
                    "MB down",
                    "merged",
                    "late",
                    "refused",
                    "training",
                    "of it merged",
                    "loss",
                    "worst member");

    private SimulationText() {}

    /** The table for a terminal. */
    public static String table(SimulationReport report) {
        return TextTable.of(rows(report)) + unit(report.plan());
    }

    private static String unit(SimulationPlan plan) {
        String loss =
                switch (plan.learning()) {
                    case Text _ -> "bits per byte of held-out text";
                    case NoisyQuadratic _ -> "the value of the noisy quadratic";
                };
        return "MB: per member. training: the share of the time in which a member trains. loss: mean over members, "
                + loss
                + ".\n";
    }

    private static List<List<String>> rows(SimulationReport report) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEAD);
        for (VariantResult result : report.variants()) {
            rows.add(
                    List.of(
                            result.name() + (result.broke().isPresent() ? " (broke)" : ""),
                            "%d of %d rounds".formatted(result.published(), result.rounds().size()),
                            "%.2f".formatted(result.virtualSeconds() / HOUR),
                            "%.3f".formatted(result.bytesUpPerMember() / MEGABYTE),
                            "%.3f".formatted(result.bytesDownPerMember() / MEGABYTE),
                            String.valueOf(result.merged()),
                            String.valueOf(result.late()),
                            refused(result),
                            "%.1f %%".formatted(100 * result.utilisation()),
                            "%.1f %%".formatted(100 * result.mergedShare()),
                            "%.4f".formatted(result.meanLoss()),
                            "%.4f (%s)".formatted(result.worstLoss(), result.worst())));
        }
        return rows;
    }

    private static String refused(VariantResult result) {
        List<String> reasons = new ArrayList<>();
        result.refused().forEach((finding, count) -> reasons.add(count + " " + finding));
        return reasons.isEmpty() ? "0" : String.join(", ", reasons);
    }

    /** One line for a round that is over. */
    static String progress(String variant, Round round, int rounds) {
        String end =
                switch (round.outcome()) {
                    case PUBLISHED -> "merged " + round.merged();
                    case ROLLED_BACK -> "rolled back (" + round.reason() + ")";
                    case ABANDONED -> "abandoned (" + round.reason() + ")";
                };
        return "%s: round %d (%d bases wanted), hour %.2f: %s, %d late, %d refused, %d away; loss %.4f, worst %.4f"
                .formatted(
                        variant,
                        round.number(),
                        rounds,
                        round.endedSeconds() / HOUR,
                        end,
                        round.late(),
                        round.refused(),
                        round.away(),
                        round.meanLoss(),
                        round.worstLoss());
    }

    /** A page by itself, with a line for each variant. */
    public static String html(SimulationReport report) {
        String ylabel =
                switch (report.plan().learning()) {
                    case Text _ -> "bits per byte, mean";
                    case NoisyQuadratic _ -> "noisy quadratic, mean";
                };
        StringBuilder body = new StringBuilder();
        body.append(
                "<p>%d virtual members, seed %d. Rules of rounds, checks, weights, merges and codecs are a coordinator's own; time, lines and absences are virtual.</p>%n"
                        .formatted(report.plan().members().count(), report.plan().seed()));
        body.append(
                plot(
                        report,
                        "Loss against virtual time",
                        "hours",
                        ylabel,
                        r -> r.endedSeconds() / HOUR));
        body.append(
                plot(
                        report,
                        "Loss against bytes on a member's line, both ways",
                        "megabytes",
                        ylabel,
                        r -> (r.bytesUpPerMember() + r.bytesDownPerMember()) / MEGABYTE));
        body.append(plot(report, "Loss against rounds", "round", ylabel, Round::number));
        body.append(Html.table(rows(report)));
        body.append("<p class=\"note\">").append(Html.escape(unit(report.plan()))).append("</p>\n");
        for (VariantResult result : report.variants()) {
            result.rounds().stream()
                    .filter(round -> round.outcome() != Outcome.PUBLISHED)
                    .forEach(round ->
                            body.append(
                                    "<p>%s</p>%n"
                                            .formatted(
                                                    Html.escape(
                                                            progress(
                                                                    result.name(),
                                                                    round,
                                                                    report.plan().rounds())))));
            result.broke()
                    .ifPresent(why ->
                            body.append(
                                    "<p>%s broke: %s</p>%n"
                                            .formatted(result.name(), Html.escape(why))));
        }
        return Html.page("Simulation of a consortium", body.toString());
    }

    private static String plot(
            SimulationReport report,
            String title,
            String xLabel,
            String yLabel,
            ToDoubleFunction<Round> x) {
        List<Line> lines = new ArrayList<>();
        for (VariantResult result : report.variants()) {
            List<Point> points = new ArrayList<>();
            points.add(new Point(0, result.startMeanLoss()));
            for (Round round : result.rounds()) {
                points.add(new Point(x.applyAsDouble(round), round.meanLoss()));
            }
            lines.add(new Line(result.name(), points, false));
        }
        return new LinePlot(title, xLabel, yLabel, lines).svg();
    }
}
