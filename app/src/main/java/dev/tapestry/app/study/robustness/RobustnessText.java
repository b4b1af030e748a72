package dev.tapestry.app.study.robustness;

import dev.tapestry.app.report.HeatTable;
import dev.tapestry.app.report.Html;
import dev.tapestry.app.report.TextTable;
import dev.tapestry.app.study.robustness.RobustnessPlan.AttackPlan;
import dev.tapestry.app.study.robustness.RobustnessPlan.RulePlan;
import dev.tapestry.app.study.robustness.RobustnessReport.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** A study's figures for people: for each number of attackers, rules by attacks. */
final class RobustnessText {

    private static final String UNKNOWN = "–";
    private static final double FULL_COLOUR_PERCENT = 20;

    /** One table. */
    private record Matrix(String title, Function<Row, String> entry) {}

    private static final List<Matrix> MATRICES =
            List.of(
                    new Matrix(
                            "Honest members' bits per byte, and how much more than under the same rule without an attack",
                            RobustnessText::loss),
                    new Matrix(
                            "How much more the honest member has that lost most, in percent, than under the plain mean without an attack",
                            row -> row.worstLossPercent().map("%+.1f"::formatted).orElse(UNKNOWN)),
                    new Matrix(
                            "The minority member's bits per byte, and how much more than under the plain mean without an attack",
                            RobustnessText::minorityLoss),
                    new Matrix(
                            "The minority member's share in the steps (1: as in the plain mean), and in how many of the rounds it was left out",
                            RobustnessText::minorityShare),
                    new Matrix(
                            "An attacker's share in the steps",
                            row ->
                                    row.attackers() == 0
                                            ? UNKNOWN
                                            : "%.2f".formatted(row.attackersShare())),
                    new Matrix(
                            "How much more likely the target is after the trigger, in nats, and the probability of one of its tokens there",
                            RobustnessText::trigger),
                    new Matrix("Refused contributions", RobustnessText::refused));

    private RobustnessText() {}

    /** All tables as Markdown. */
    static String markdown(RobustnessPlan plan, RobustnessReport report) {
        StringBuilder out = new StringBuilder();
        for (int attackers : plan.attackers()) {
            out.append(
                    "## %d of %d attack\n\n"
                            .formatted(attackers, plan.conditions().members().size()));
            for (Matrix matrix : MATRICES) {
                out.append("**" + matrix.title() + "**\n\n")
                        .append(TextTable.markdown(rows(plan, report, attackers, matrix.entry())))
                        .append('\n');
            }
        }
        return out.toString();
    }

    /** A page with what honest members lose, as colours. */
    static String html(RobustnessPlan plan, RobustnessReport report) {
        StringBuilder body = new StringBuilder();
        for (int attackers : plan.attackers()) {
            String who = "%d of %d attack".formatted(attackers, plan.conditions().members().size());
            body.append(
                    heat(
                            plan,
                            report,
                            attackers,
                            who
                                    + ": honest members' loss, percent above the plain mean's without an attack",
                            Row::behindMeanPercent));
            body.append(
                    heat(
                            plan,
                            report,
                            attackers,
                            who + ": the same of the honest member that lost most",
                            Row::worstLossPercent));
        }
        body.append("<p class=\"note\">Run at commits %s.</p>".formatted(report.commit()));
        return Html.page("Robustness", body.toString());
    }

    private static String heat(
            RobustnessPlan plan,
            RobustnessReport report,
            int attackers,
            String title,
            Function<Row, Optional<Double>> value) {
        List<String> columns = new ArrayList<>(List.of("no attack"));
        plan.attacks().forEach(attack -> columns.add(attack.name()));
        List<HeatTable.Row> rows = new ArrayList<>();
        for (RulePlan rule : plan.rules()) {
            List<Optional<Double>> values = new ArrayList<>();
            values.add(report.find(rule.name(), RobustnessPlan.NO_ATTACK, 0).flatMap(value));
            for (AttackPlan attack : plan.attacks()) {
                values.add(report.find(rule.name(), attack.name(), attackers).flatMap(value));
            }
            rows.add(new HeatTable.Row(rule.name(), values));
        }
        return new HeatTable(title, columns, rows, FULL_COLOUR_PERCENT).html();
    }

    /** The losses for the terminal. */
    static String table(RobustnessPlan plan, RobustnessReport report) {
        StringBuilder out = new StringBuilder();
        for (int attackers : plan.attackers()) {
            out.append(
                            "%d of %d attack: honest members' bits per byte\n"
                                    .formatted(attackers, plan.conditions().members().size()))
                    .append(TextTable.of(rows(plan, report, attackers, RobustnessText::loss)));
        }
        return out.toString();
    }

    private static List<List<String>> rows(
            RobustnessPlan plan,
            RobustnessReport report,
            int attackers,
            Function<Row, String> entry) {
        List<List<String>> rows = new ArrayList<>();
        List<String> head = new ArrayList<>(List.of("rule", "no attack"));
        plan.attacks().forEach(attack -> head.add(attack.name()));
        rows.add(head);
        for (RulePlan rule : plan.rules()) {
            List<String> row = new ArrayList<>(List.of(rule.name()));
            row.add(text(report.find(rule.name(), RobustnessPlan.NO_ATTACK, 0), entry));
            for (AttackPlan attack : plan.attacks()) {
                row.add(text(report.find(rule.name(), attack.name(), attackers), entry));
            }
            rows.add(row);
        }
        return rows;
    }

    private static String text(Optional<Row> row, Function<Row, String> entry) {
        return row.map(entry).orElse(UNKNOWN);
    }

    private static String loss(Row row) {
        return number(row, row.honestBpb()) + percent(row.attackCostPercent());
    }

    private static String minorityLoss(Row row) {
        return number(row, row.minorityBpb()) + percent(row.minorityBehindMeanPercent());
    }

    private static String number(Row row, Optional<Double> bitsPerByte) {
        return bitsPerByte.map("%.3f"::formatted).orElse("broken")
                + (row.broken() > 0 && bitsPerByte.isPresent()
                        ? " (%d broken)".formatted(row.broken())
                        : "");
    }

    private static String percent(Optional<Double> percent) {
        return percent.map(" (%+.1f %%)"::formatted).orElse("");
    }

    private static String minorityShare(Row row) {
        return "%.2f (%.0f %%)".formatted(row.minorityShare(), row.minorityLeftOutPercent());
    }

    private static String trigger(Row row) {
        return row.triggerLiftNats().map("%+.1f"::formatted).orElse(UNKNOWN)
                + row.targetPerToken().map(" (%.3f)"::formatted).orElse("");
    }

    private static String refused(Row row) {
        List<String> reasons = new ArrayList<>();
        row.refused().forEach((why, count) -> reasons.add("%.0f %s".formatted(count, why)));
        return reasons.isEmpty() ? "0" : String.join(", ", reasons);
    }
}
