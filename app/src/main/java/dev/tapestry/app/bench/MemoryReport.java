package dev.tapestry.app.bench;

import dev.tapestry.app.report.LinePlot;
import dev.tapestry.app.report.LinePlot.Line;
import dev.tapestry.app.report.LinePlot.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What {@code tapestry bench memory} found. Memory is in MiB; a bound is held against the peak that
 * the system kept (VmHWM), with all pages of mapped files in it.
 *
 * @param modelBytes of the base in F32
 * @param seconds from the first step to the last
 * @param member the one that had most
 * @param rows by step, in the order of a round
 * @param curve over time, the largest figures of each stretch
 */
record MemoryReport(
        String commit,
        int cores,
        long machineMebibytes,
        MemoryBenchmark.Settings settings,
        long modelBytes,
        double seconds,
        Program coordinator,
        Program member,
        List<Row> rows,
        List<Instant> curve) {

    /** Points of the curve at most. */
    private static final int POINTS = 400;

    /**
     * One program's memory.
     *
     * @param heapMb that its JVM may use
     * @param boundMb what it is to stay below
     * @param peakMb VmHWM
     * @param anonymousMb most of what no file holds
     * @param fileMb most of mapped files and libraries
     * @param pageTablesMb most of what the system needed to map them; not in the others
     */
    record Program(
            long heapMb,
            long boundMb,
            long peakMb,
            long anonymousMb,
            long fileMb,
            long pageTablesMb,
            boolean withinBound) {

        static Program of(long heapMb, long boundMb, Resident most) {
            long peak = mebibytes(most.peak());
            return new Program(
                    heapMb,
                    boundMb,
                    peak,
                    mebibytes(most.anonymous()),
                    mebibytes(most.file()),
                    mebibytes(most.pageTables()),
                    peak <= boundMb);
        }
    }

    /**
     * One step of the round.
     *
     * @param seconds in which at least one member was in it
     * @param mbPerSecond 10⁶ bytes a second that all members moved together, or the coordinator
     */
    record Row(
            String step,
            double seconds,
            double mb,
            double mbPerSecond,
            Figures coordinator,
            Figures member) {}

    /** The most memory in a step, in MiB. */
    record Figures(long residentMb, long anonymousMb, long fileMb) {
        static Figures of(Resident most) {
            return new Figures(
                    mebibytes(most.now()), mebibytes(most.anonymous()), mebibytes(most.file()));
        }
    }

    /** A point of the curve. */
    record Instant(double seconds, String steps, Figures coordinator, Figures member) {}

    static List<Instant> curve(List<MemoryWatch.Moment> moments) {
        List<Instant> curve = new ArrayList<>();
        int each = Math.ceilDiv(Math.max(1, moments.size()), POINTS);
        for (int from = 0; from < moments.size(); from += each) {
            List<MemoryWatch.Moment> stretch =
                    moments.subList(from, Math.min(moments.size(), from + each));
            Resident coordinator = Resident.NONE;
            Resident member = Resident.NONE;
            for (MemoryWatch.Moment moment : stretch) {
                coordinator = coordinator.max(moment.coordinator());
                member = member.max(moment.member());
            }
            curve.add(
                    new Instant(
                            Math.round(10 * stretch.getFirst().seconds()) / 10.0,
                            String.join(
                                    "+",
                                    stretch.getFirst().steps().stream()
                                            .map(MemoryReport::word)
                                            .toList()),
                            Figures.of(coordinator),
                            Figures.of(member)));
        }
        return curve;
    }

    /** How a step is called in results. */
    static String word(RoundStep step) {
        return step.name().toLowerCase(java.util.Locale.ROOT);
    }

    private static long mebibytes(long bytes) {
        return bytes >> 20;
    }

    /** Memory over time. */
    LinePlot plot() {
        List<Line> lines = new ArrayList<>();
        lines.add(line("coordinator", point -> point.coordinator().residentMb(), false));
        lines.add(line("of it not files", point -> point.coordinator().anonymousMb(), true));
        lines.add(line("its bound", _ -> coordinator.boundMb(), true));
        String node = settings.perProcess() == 1 ? "largest member" : "largest process";
        lines.add(line(node, point -> point.member().residentMb(), false));
        lines.add(line("its bound", _ -> member.boundMb(), true));
        return new LinePlot(
                "Memory over a round of %d members, %.1f GB%s"
                        .formatted(settings.members(), modelBytes / 1e9, settings.words()),
                "seconds",
                "resident, MiB",
                lines);
    }

    private Line line(String name, ToDoubleFunction<Instant> of, boolean dashed) {
        return new Line(
                name,
                curve.stream()
                        .map(point -> new Point(point.seconds(), of.applyAsDouble(point)))
                        .toList(),
                dashed);
    }
}
