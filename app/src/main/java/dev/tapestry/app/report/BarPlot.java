package dev.tapestry.app.report;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Horizontal bars with error bars, and a mark for what each is compared with, as inline SVG.
 *
 * @param title above the chart
 * @param legend what bars and marks are
 * @param bars from top to bottom
 */
public record BarPlot(String title, String legend, List<Bar> bars) {

    private static final int WIDTH = 760;
    private static final int LEFT = 210;
    private static final int RIGHT = 80;
    private static final int TOP = 48;
    private static final int ROW = 26;

    /**
     * One bar.
     *
     * @param name beside it
     * @param value its length
     * @param error half the length of its error bar, if it has one
     * @param compared where the mark is, if there is one
     */
    public record Bar(
            String name, double value, Optional<Double> error, Optional<Double> compared) {}

    public BarPlot {
        bars = List.copyOf(bars);
    }

    /** The chart as an SVG element; empty where there is nothing to draw. */
    public String svg() {
        if (bars.isEmpty()) {
            return "";
        }
        double most = 1e-9;
        double least = 0;
        for (Bar bar : bars) {
            double error = bar.error().orElse(0.0);
            double compared = bar.compared().orElse(bar.value());
            most = Math.max(most, Math.max(bar.value() + error, compared));
            least = Math.min(least, Math.min(bar.value() - error, compared));
        }
        int height = TOP + ROW * bars.size() + 8;
        StringBuilder out = new StringBuilder();
        out.append(
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n"
                        .formatted(WIDTH, height, Html.escape(title)));
        out.append(Frame.text(0, 16, "start", "title", title));
        out.append(Frame.text(0, 34, "start", "label", legend));
        double scale = (WIDTH - LEFT - RIGHT) / (most - least);
        for (int i = 0; i < bars.size(); i++) {
            draw(bars.get(i), TOP + ROW * i, LEFT - least * scale, scale, out);
        }
        return out.append("</svg>\n").toString();
    }

    private static void draw(Bar bar, int top, double zero, double scale, StringBuilder out) {
        double middle = top + ROW / 2.0;
        double end = zero + bar.value() * scale;
        out.append(Frame.text(LEFT - 10, middle + 4, "end", "tick", bar.name()));
        out.append(
                line(
                        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"14\" fill=\"%s\"/>",
                        Math.min(zero, end), middle - 7, Math.abs(end - zero), Frame.colour(0)));
        double right = Math.max(zero, end);
        if (bar.error().isPresent()) {
            double reach = bar.error().orElseThrow() * scale;
            out.append(
                    line(
                            "<path stroke=\"#444\" fill=\"none\" d=\"M%.1f %.1fH%.1fM%.1f"
                                    + " %.1fv8M%.1f %.1fv8\"/>",
                            end - reach,
                            middle,
                            end + reach,
                            end - reach,
                            middle - 4,
                            end + reach,
                            middle - 4));
            right = Math.max(right, end + reach);
        }
        if (bar.compared().isPresent()) {
            double at = zero + bar.compared().orElseThrow() * scale;
            out.append(
                    line(
                            "<path stroke=\"%s\" stroke-width=\"3\" d=\"M%.1f %.1fv18\"/>",
                            Frame.colour(1), at, middle - 9));
            right = Math.max(right, at);
        }
        out.append(
                Frame.text(
                        right + 8,
                        middle + 4,
                        "start",
                        "tick",
                        String.format(Locale.ROOT, "%.3g", bar.value())));
    }

    @SuppressWarnings("AnnotateFormatMethod") // its annotation would be this room's only use of it
    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values) + "\n";
    }
}
