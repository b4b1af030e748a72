package dev.tapestry.app.demo;

import dev.tapestry.app.demo.DemoResult.MemberResult;
import dev.tapestry.app.demo.DemoResult.ModelResult;
import dev.tapestry.app.report.Html;
import dev.tapestry.app.report.LinePlot;
import dev.tapestry.app.report.LinePlot.Line;
import dev.tapestry.app.report.LinePlot.Point;
import dev.tapestry.app.report.TextTable;
import dev.tapestry.consortium.Score;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Shows what the demo found: a table for the terminal, a page with curves. */
final class DemoReport {

    private static final String TUNED =
            """
            Chosen with "tapestry study arm" on seed 1, about as many tries for each arm: the learning rate of the loop, of central training, of
            training alone and of private training, the number of local steps, the merge, the outer momentum, and the epsilon of embeddings,
            which all arms share; all for a loop of weights alone. That members share their gradients, and codecs, were taken from the parity
            study. docs/results/demo.md lists every try. Central training sees the same number of tokens of each member as the
            loop, in batches of the loop's global size; training alone sees as many tokens as loop and private training together.
            """;

    private final DemoResult result;
    private final Curves curves;

    DemoReport(DemoResult result, Curves curves) {
        this.result = result;
        this.curves = curves;
    }

    /** The table and what it means, for a terminal. */
    String text() {
        StringBuilder out = new StringBuilder();
        out.append("\nLoss on each member's held-out text, bits per byte (lower is better)\n\n");
        out.append(TextTable.of(table()));
        out.append('\n');
        verdicts().forEach(line -> out.append(line).append('\n'));
        out.append("\nN+1 models\n");
        List<List<String>> models = new ArrayList<>();
        models.add(List.of("role", "member", "digest", "path"));
        for (ModelResult model : result.models()) {
            models.add(
                    List.of(
                            model.role(),
                            model.member() == null ? "all" : model.member(),
                            model.digest().substring(0, 12),
                            model.path()));
        }
        return out.append(TextTable.ofWords(models)).toString();
    }

    /** The page. */
    String html() {
        StringBuilder body = new StringBuilder();
        body.append(
                "<p>One coordinator and %d member nodes, each a process of its own, trained a shared base in %d rounds over mutual TLS; then each node made its own model privately. Seed %d, %.0f seconds.</p>%n"
                        .formatted(
                                result.members().size(),
                                result.rounds(),
                                result.seed(),
                                result.seconds()));
        body.append("<h2>Loss on held-out text, bits per byte</h2>\n");
        body.append(Html.table(table()));
        body.append("<ul>\n");
        verdicts().forEach(line -> body.append("<li>").append(Html.escape(line)).append("</li>\n"));
        body.append("</ul>\n<h2>The loop</h2>\n");
        body.append(lossPlot().svg()).append(bytesPlot().svg());
        body.append("<h2>What was tuned</h2>\n<p>").append(Html.escape(TUNED)).append("</p>\n");
        body.append("<h2>N+1 models</h2>\n");
        List<List<String>> models = new ArrayList<>();
        models.add(List.of("role", "member", "path", "digest"));
        for (ModelResult model : result.models()) {
            models.add(
                    List.of(
                            model.role(),
                            model.member() == null ? "all" : model.member(),
                            model.path(),
                            model.digest()));
        }
        body.append(Html.table(models));
        return Html.page("Tapestry demo: consortium training", body.toString());
    }

    private List<List<String>> table() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("member", "initial", "shared base", "sovereign", "alone", "central"));
        for (MemberResult m : result.members()) {
            rows.add(row(m.id() + " (" + DemoMember.of(m.id()).title() + ")", List.of(m)));
        }
        rows.add(row("mean", result.members()));
        return rows;
    }

    private static List<String> row(String name, List<MemberResult> members) {
        return List.of(
                name,
                mean(members, MemberResult::initialBpb),
                mean(members, MemberResult::sharedBaseBpb),
                mean(members, MemberResult::sovereignBpb),
                mean(members, MemberResult::aloneBpb),
                mean(members, MemberResult::centralBpb));
    }

    private static String mean(List<MemberResult> members, ToDoubleFunction<MemberResult> column) {
        return "%.4f".formatted(members.stream().mapToDouble(column).average().orElse(Double.NaN));
    }

    /** What the figures say, member by member, favourable or not. */
    private List<String> verdicts() {
        List<String> lines = new ArrayList<>();
        lines.add(
                "The shared base is %+.2f %% from central training (mean over members)."
                        .formatted(result.gapToCentralPercent()));
        double gain = 0;
        for (MemberResult m : result.members()) {
            double percent = (1 - m.sovereignBpb() / m.aloneBpb()) * 100;
            gain += percent / result.members().size();
            lines.add(
                    "%s: the shared base is %s its start, the sovereign model %s the base, and %s training alone by %.2f %%."
                            .formatted(
                                    m.id(),
                                    better(m.sharedBaseBpb(), m.initialBpb()),
                                    better(m.sovereignBpb(), m.sharedBaseBpb()),
                                    better(m.sovereignBpb(), m.aloneBpb()),
                                    Math.abs(percent)));
        }
        lines.add(
                "On average the sovereign model is %.2f %% %s than training alone."
                        .formatted(Math.abs(gain), gain > 0 ? "better" : "worse"));
        lines.add(
                "On the wire: %s up and %s down in the loop; data-parallel training would have moved %s (%.1f times as much)."
                        .formatted(
                                Loop.megabytes(result.bytesUp()),
                                Loop.megabytes(result.bytesDown()),
                                Loop.megabytes(result.bytesDataParallel()),
                                (double) result.bytesDataParallel()
                                        / (result.bytesUp() + result.bytesDown())));
        return lines;
    }

    private static String better(double value, double than) {
        return value < than ? "better than" : "worse than";
    }

    private LinePlot lossPlot() {
        List<Line> lines = new ArrayList<>();
        for (MemberResult m : result.members()) {
            List<Point> points = new ArrayList<>();
            curves.start()
                    .forEach((member, bits) -> {
                        if (member.value().equals(m.id())) {
                            points.add(new Point(0, bits));
                        }
                    });
            for (Curves.Round round : curves.rounds()) {
                round.scores()
                        .forEach((member, score) -> {
                            if (member.value().equals(m.id())) {
                                points.add(point(round, score));
                            }
                        });
            }
            lines.add(new Line(m.id(), points, false));
        }
        lines.add(
                new Line(
                        "mean",
                        curves.rounds().stream()
                                .map(round -> new Point(round.round(), round.mean()))
                                .toList(),
                        false));
        double central =
                result.members().stream()
                        .mapToDouble(MemberResult::centralBpb)
                        .average()
                        .orElse(Double.NaN);
        lines.add(
                new Line(
                        "central, mean",
                        List.of(new Point(0, central), new Point(result.rounds(), central)),
                        true));
        return new LinePlot(
                "The candidate's loss on each member's held-out text (a sample each round)",
                "round",
                "bits per byte",
                lines);
    }

    private static Point point(Curves.Round round, Score score) {
        return new Point(round.round(), score.candidateBitsPerByte());
    }

    private LinePlot bytesPlot() {
        double perRound = (double) result.bytesDataParallel() / result.rounds() / 1e6;
        return new LinePlot(
                "Bytes on the wire, all nodes",
                "round",
                "megabytes",
                List.of(
                        new Line(
                                "up",
                                curves.rounds().stream()
                                        .map(r -> new Point(r.round(), r.up() / 1e6))
                                        .toList(),
                                false),
                        new Line(
                                "down",
                                curves.rounds().stream()
                                        .map(r -> new Point(r.round(), r.down() / 1e6))
                                        .toList(),
                                false),
                        new Line(
                                "data parallel",
                                List.of(
                                        new Point(0, 0),
                                        new Point(result.rounds(), perRound * result.rounds())),
                                true)));
    }
}
