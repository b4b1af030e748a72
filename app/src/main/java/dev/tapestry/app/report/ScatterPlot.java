package dev.tapestry.app.report;

import java.util.List;
import java.util.stream.Stream;

/**
 * Named points over a logarithmic axis, as inline SVG.
 *
 * @param title above the chart
 * @param xLabel below the chart
 * @param yLabel beside the chart
 * @param groups what is drawn in one colour each, in the order of the legend
 */
public record ScatterPlot(String title, String xLabel, String yLabel, List<Group> groups) {

    /**
     * Points of one colour.
     *
     * @param name in the legend
     */
    public record Group(String name, List<Named> points) {
        public Group {
            points = List.copyOf(points);
        }
    }

    /**
     * A point with its name, in the units of the axes; a short one, for points may lie close.
     *
     * @param x above 0
     */
    public record Named(String name, double x, double y) {}

    public ScatterPlot {
        groups = groups.stream().filter(group -> !group.points().isEmpty()).toList();
    }

    /** The chart as an SVG element; empty where there is nothing to draw. */
    public String svg() {
        if (groups.isEmpty()) {
            return "";
        }
        Axis x =
                Axis.logarithmicOver(
                        points().mapToDouble(Named::x).toArray(),
                        Frame.LEFT + 12,
                        Frame.WIDTH - Frame.RIGHT - 12);
        Axis y =
                Axis.over(
                        Stream.concat(Stream.of(0.0), points().map(Named::y))
                                .mapToDouble(Double::doubleValue)
                                .toArray(),
                        Frame.HEIGHT - Frame.BOTTOM,
                        Frame.TOP);
        StringBuilder drawn = new StringBuilder();
        for (int place = 0; place < groups.size(); place++) {
            String colour = Frame.colour(place);
            for (Named point : groups.get(place).points()) {
                drawn.append(mark(x.at(point.x()), y.at(point.y()), colour));
                drawn.append(
                        Frame.text(
                                x.at(point.x()) + 6,
                                y.at(point.y()) + 3,
                                "start",
                                "mark",
                                point.name()));
            }
            int row = Frame.legendRow(place);
            drawn.append(mark(Frame.WIDTH - Frame.RIGHT + 20, row, colour));
            drawn.append(
                    Frame.text(
                            Frame.WIDTH - Frame.RIGHT + 32,
                            row + 4,
                            "start",
                            "tick",
                            groups.get(place).name()));
        }
        return new Frame(title, xLabel, yLabel).around(x, y, drawn.toString());
    }

    private static String mark(double x, double y, String colour) {
        return "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>%n".formatted(x, y, colour);
    }

    private Stream<Named> points() {
        return groups.stream().flatMap(group -> group.points().stream());
    }
}
