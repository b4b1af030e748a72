package dev.tapestry.app.build;

import dev.tapestry.app.report.Html;
import dev.tapestry.consortium.Digest;
import dev.tapestry.node.build.WithdrawalResult;
import dev.tapestry.node.build.WithdrawalResult.Affected;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a withdrawal came to, as a page for whoever has to answer for it. */
public final class WithdrawalReport {

    private WithdrawalReport() {}

    /** The page. */
    public static String html(WithdrawalResult result) {
        StringBuilder body = new StringBuilder();
        body.append("<p>")
                .append(
                        Html.escape(
                                "Withdrawn: %s, on %s. Reason: %s."
                                        .formatted(
                                                result.data().data(),
                                                result.data().at(),
                                                result.data().reason())))
                .append("</p>\n<p>")
                .append(
                        result.done()
                                ? "No model that is here descends from it."
                                : "Models that are here descend from it.")
                .append("</p>\n<h2>Models that descend from it, in the order of descent</h2>\n");
        body.append(Html.table(rows(result)));
        body.append(
                "<p>Bits per byte on the own text; a row whose text changed compares two texts.</p>\n");
        return Html.page("Withdrawal", body.toString());
    }

    private static List<List<String>> rows(WithdrawalResult result) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(
                List.of(
                        "model",
                        "digest",
                        "level",
                        "state",
                        "what changes",
                        "before",
                        "after",
                        "new digest"));
        for (Affected each : result.models()) {
            rows.add(
                    List.of(
                            each.name(),
                            each.model().abbreviated(),
                            each.level().map(level -> word(level.name())).orElse("–"),
                            word(each.state().name()),
                            each.detail(),
                            bits(each.before().own()),
                            each.after().map(loss -> bits(loss.own())).orElse("–"),
                            each.successor().map(Digest::abbreviated).orElse("–")));
        }
        return rows;
    }

    private static String word(String constant) {
        return constant.toLowerCase(Locale.ROOT);
    }

    private static String bits(double loss) {
        return String.format(Locale.ROOT, "%.4f", loss);
    }
}
