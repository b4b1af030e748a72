package dev.tapestry.app.report;

import java.util.List;
import java.util.stream.Stream;

/**
 * A line chart as inline SVG.
 *
 * @param title above the chart
 * @param xLabel below the chart
 * @param yLabel beside the chart
 * @param lines what is drawn, in the order of the legend
 */
public record LinePlot(String title, String xLabel, String yLabel, List<Line> lines) {

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
        Axis x =
                Axis.over(
                        points().mapToDouble(Point::x).toArray(),
                        Frame.LEFT,
                        Frame.WIDTH - Frame.RIGHT);
        Axis y =
                Axis.over(
                        points().mapToDouble(Point::y).toArray(),
                        Frame.HEIGHT - Frame.BOTTOM,
                        Frame.TOP);
        StringBuilder drawn = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            draw(lines.get(i), i, x, y, drawn);
        }
        return new Frame(title, xLabel, yLabel).around(x, y, drawn.toString());
    }

    private static void draw(Line line, int index, Axis x, Axis y, StringBuilder out) {
        StringBuilder path = new StringBuilder();
        for (Point p : line.points()) {
            path.append(path.isEmpty() ? 'M' : 'L')
                    .append("%.1f %.1f".formatted(x.at(p.x()), y.at(p.y())));
        }
        String colour = Frame.colour(index);
        String dash = line.dashed() ? " stroke-dasharray=\"5 4\"" : "";
        out.append(
                "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s d=\"%s\"/>%n"
                        .formatted(colour, dash, path));
        int row = Frame.legendRow(index);
        int legend = Frame.WIDTH - Frame.RIGHT;
        out.append(
                "<path stroke=\"%s\" stroke-width=\"2\"%s d=\"M%d %dh20\"/>%n"
                        .formatted(colour, dash, legend + 12, row));
        out.append(Frame.text(legend + 38, row + 4, "start", "tick", line.name()));
    }

    private Stream<Point> points() {
        return lines.stream().flatMap(line -> line.points().stream());
    }
}
