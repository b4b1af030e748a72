package dev.tapestry.app.report;

import java.util.List;

/**
 * What charts share: a title, two axes with their ticks, and a legend beside them.
 *
 * @param title above the chart
 * @param xLabel below the chart
 * @param yLabel beside the chart
 */
record Frame(String title, String xLabel, String yLabel) {

    static final int WIDTH = 760;
    static final int HEIGHT = 340;
    static final int LEFT = 62;
    static final int RIGHT = 170;
    static final int TOP = 30;
    static final int BOTTOM = 44;
    private static final List<String> COLOURS =
            List.of("#1b6ca8", "#c8553d", "#2f8f5b", "#8d5aa8", "#b8860b", "#444444");

    /** The colour of the series in this place. */
    static String colour(int place) {
        return COLOURS.get(place % COLOURS.size());
    }

    /** Where the legend's entry of that series is. */
    static int legendRow(int place) {
        return TOP + 8 + 18 * place;
    }

    /** An SVG element with {@code content} between the axes. */
    String around(Axis x, Axis y, String content) {
        StringBuilder out = new StringBuilder();
        out.append(
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n"
                        .formatted(WIDTH, HEIGHT, Html.escape(title)));
        out.append(text(LEFT, 16, "start", "title", title));
        for (double tick : y.ticks()) {
            out.append(
                    "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>%n"
                            .formatted(LEFT, WIDTH - RIGHT, y.at(tick), y.at(tick)));
            out.append(text(LEFT - 6, y.at(tick) + 4, "end", "tick", Axis.number(tick)));
        }
        for (double tick : x.ticks()) {
            out.append(text(x.at(tick), HEIGHT - BOTTOM + 16, "middle", "tick", Axis.number(tick)));
        }
        out.append(text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 8, "middle", "label", xLabel));
        out.append(
                "<text class=\"label\" text-anchor=\"middle\" transform=\"translate(14 %d) rotate(-90)\">%s</text>%n"
                        .formatted((HEIGHT - BOTTOM + TOP) / 2, Html.escape(yLabel)));
        return out.append(content).append("</svg>\n").toString();
    }

    static String text(double x, double y, String anchor, String css, String content) {
        return "<text class=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>%n"
                .formatted(css, anchor, x, y, Html.escape(content));
    }
}
