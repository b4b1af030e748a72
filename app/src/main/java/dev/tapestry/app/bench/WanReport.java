package dev.tapestry.app.bench;

import dev.tapestry.app.report.LinePlot;
import dev.tapestry.app.report.LinePlot.Line;
import dev.tapestry.app.report.LinePlot.Point;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;

/**
 * What {@code tapestry bench wan} found.
 *
 * @param congestionControl of TCP, which the operating system chose
 * @param windows {@code tcp_wmem} and {@code tcp_rmem}: least, first and most bytes of a socket
 */
record WanReport(
        String commit,
        int cores,
        String congestionControl,
        Windows windows,
        int repeats,
        List<Cell> cells) {

    /** What a TCP socket may keep in flight. */
    record Windows(String send, String receive) {}

    /**
     * A line, and what went over it.
     *
     * @param sealSeconds in which a contribution that is there was examined and accepted
     * @param lostPercent of all packets in both directions, as counted
     */
    record Cell(
            int rttMs,
            double lossPercent,
            int rateMbit,
            int sizeMb,
            TransferLeg upload,
            TransferLeg download,
            Spread sealSeconds,
            double lostPercent) {}

    /** The cells as a table of Markdown. */
    String markdown() {
        StringBuilder out = new StringBuilder();
        out.append(
                """
                | round trip | loss | rate | MB | up, Mbit/s | raw | share | streams | down, Mbit/s | raw | share | streams |
                |---|---|---|---|---|---|---|---|---|---|---|---|
                """);
        for (Cell cell : cells) {
            out.append(
                    "| %d ms | %s %% | %d Mbit/s | %d | %s | %s |%n"
                            .formatted(
                                    cell.rttMs(),
                                    number(cell.lossPercent()),
                                    cell.rateMbit(),
                                    cell.sizeMb(),
                                    words(cell.upload()),
                                    words(cell.download())));
        }
        return out.toString();
    }

    private static String words(TransferLeg leg) {
        return String.format(
                Locale.ROOT,
                "%.0f | %.0f | **%.0f %%** (%.0f–%.0f) | %d",
                leg.goodputMbit().median(),
                leg.rawMbit().median(),
                100 * leg.share().median(),
                100 * leg.share().min(),
                100 * leg.share().max(),
                leg.streams());
    }

    /** Shares of the raw streams' rate over the loss. */
    LinePlot plot() {
        Set<String> lines = new LinkedHashSet<>();
        cells.forEach(cell -> lines.add(name(cell)));
        List<Line> drawn = new ArrayList<>();
        for (String name : lines) {
            drawn.add(line(name + " up", name, Cell::upload, false));
            drawn.add(line(name + " down", name, Cell::download, true));
        }
        return new LinePlot(
                "Transfers beside raw TCP streams on the same line",
                "packets lost, %",
                "share of the raw streams' rate, %",
                drawn);
    }

    private Line line(String title, String name, Function<Cell, TransferLeg> leg, boolean dashed) {
        List<Point> points =
                cells.stream()
                        .filter(cell -> name(cell).equals(name))
                        .map(cell ->
                                new Point(
                                        cell.lossPercent(), 100 * leg.apply(cell).share().median()))
                        .toList();
        return new Line(title, points, dashed);
    }

    private static String name(Cell cell) {
        return cell.rttMs() + " ms " + cell.rateMbit() + " Mbit/s";
    }

    private static String number(double value) {
        return value == Math.rint(value)
                ? String.format(Locale.ROOT, "%.0f", value)
                : Double.toString(value);
    }
}
