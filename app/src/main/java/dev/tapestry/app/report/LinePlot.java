package dev.tapestry.app.report;

import java.util.List;
import java.util.Locale;

/**
 * A line chart as inline SVG.
 *
 * @param title above the chart
 * @param xLabel below the chart
 * @param yLabel beside the chart
 * @param lines what is drawn, in the order of the legend
 */
public record LinePlot(String title, String xLabel, String yLabel, List<Line> lines) {

    private static final int WIDTH = 760;
    private static final int HEIGHT = 340;
    private static final int LEFT = 62;
    private static final int RIGHT = 170;
    private static final int TOP = 30;
    private static final int BOTTOM = 44;
    private static final List<String> COLOURS =
            List.of("#1b6ca8", "#c8553d", "#2f8f5b", "#8d5aa8", "#b8860b", "#444444");

    /**
     * One line.
     *
     * @param name in the legend
     * @param points in the order of x
     * @param dashed for what is only a level to compare with
     */
    public record Line(String name, List<Point> points, boolean dashed) {
        public Line {
            points = List.copyOf(points);
        }
    }

    /** A point of a line, in the units of the axes. */
    public record Point(double x, double y) {}

    public LinePlot {
        lines = lines.stream().filter(line -> !line.points().isEmpty()).toList();
    }

    /** The chart as an SVG element; empty where there is nothing to draw. */
    public String svg() {
        if (lines.isEmpty()) {
            return "";
        }
        Axis x = Axis.over(points().mapToDouble(Point::x).toArray(), LEFT, WIDTH - RIGHT);
        Axis y = Axis.over(points().mapToDouble(Point::y).toArray(), HEIGHT - BOTTOM, TOP);
        StringBuilder out = new StringBuilder();
        out.append(
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">%n"
                        .formatted(WIDTH, HEIGHT, Html.escape(title)));
        out.append(text(LEFT, 16, "start", "title", title));
        for (double tick : y.ticks()) {
            out.append(
                    "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>%n"
                            .formatted(LEFT, WIDTH - RIGHT, y.at(tick), y.at(tick)));
            out.append(text(LEFT - 6, y.at(tick) + 4, "end", "tick", number(tick)));
        }
        for (double tick : x.ticks()) {
            out.append(text(x.at(tick), HEIGHT - BOTTOM + 16, "middle", "tick", number(tick)));
        }
        out.append(text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 8, "middle", "label", xLabel));
        out.append(
                "<text class=\"label\" text-anchor=\"middle\" transform=\"translate(14 %d) rotate(-90)\">%s</text>%n"
                        .formatted((HEIGHT - BOTTOM + TOP) / 2, Html.escape(yLabel)));
        for (int i = 0; i < lines.size(); i++) {
            draw(lines.get(i), COLOURS.get(i % COLOURS.size()), i, x, y, out);
        }
        return out.append("</svg>\n").toString();
    }

    private void draw(Line line, String colour, int index, Axis x, Axis y, StringBuilder out) {
        StringBuilder path = new StringBuilder();
        for (Point p : line.points()) {
            path.append(path.isEmpty() ? 'M' : 'L')
                    .append("%.1f %.1f".formatted(x.at(p.x()), y.at(p.y())));
        }
        String dash = line.dashed() ? " stroke-dasharray=\"5 4\"" : "";
        out.append(
                "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s d=\"%s\"/>%n"
                        .formatted(colour, dash, path));
        int row = TOP + 8 + 18 * index;
        out.append(
                "<path stroke=\"%s\" stroke-width=\"2\"%s d=\"M%d %dh20\"/>%n"
                        .formatted(colour, dash, WIDTH - RIGHT + 12, row));
        out.append(text(WIDTH - RIGHT + 38, row + 4, "start", "tick", line.name()));
    }

    private java.util.stream.Stream<Point> points() {
        return lines.stream().flatMap(line -> line.points().stream());
    }

    private static String text(double x, double y, String anchor, String css, String content) {
        return "<text class=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>%n"
                .formatted(css, anchor, x, y, Html.escape(content));
    }

    private static String number(double value) {
        return value == Math.rint(value)
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%.2f", value);
    }

    /** A linear scale from values to pixels, with round ticks. */
    private record Axis(double low, double high, double step, double from, double to) {

        static Axis over(double[] values, double from, double to) {
            double low = java.util.Arrays.stream(values).min().orElse(0);
            double high = java.util.Arrays.stream(values).max().orElse(1);
            double span = Math.max(high - low, 1e-9);
            double magnitude = Math.pow(10, Math.floor(Math.log10(span / 5)));
            double step = magnitude;
            for (double factor : new double[] {1, 2, 5, 10}) {
                if (span / (magnitude * factor) <= 6) {
                    step = magnitude * factor;
                    break;
                }
            }
            return new Axis(
                    Math.floor(low / step) * step, Math.ceil(high / step) * step, step, from, to);
        }

        double at(double value) {
            return from + (value - low) / (high - low) * (to - from);
        }

        List<Double> ticks() {
            return java.util.stream.DoubleStream.iterate(
                            low, tick -> tick <= high + step / 2, tick -> tick + step)
                    .boxed()
                    .toList();
        }
    }
}
