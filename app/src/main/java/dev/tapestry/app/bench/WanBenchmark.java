package dev.tapestry.app.bench;

import dev.tapestry.app.bench.TransferStage.Ground;
import dev.tapestry.app.bench.TransferStage.Leg;
import dev.tapestry.app.bench.TransferStage.Pair;
import dev.tapestry.app.bench.WanReport.Cell;
import dev.tapestry.app.bench.WanReport.Windows;
import dev.tapestry.app.study.StudyFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Contributions and bases over distant lines: a coordinator in one network namespace and a node in
 * another, joined by a {@link DistantLine} alone. Each round is followed by raw TCP streams, as
 * many as the node used and for as long, over the same line.
 */
final class WanBenchmark {

    private static final long SEED = 20261127;
    private static final int LARGEST_MB = 1250;

    /** While nothing is measured: bases are fetched, bytes in flight come to rest. */
    private static final DistantLine.Shape NEAR =
            new DistantLine.Shape(Duration.ofMillis(1), 0, 10_000_000_000L);

    private final Settings settings;
    private final Scratch scratch;
    private final Output output;

    /**
     * What is measured.
     *
     * @param sizeMb of the model; 0 for what the line carries in so many seconds, at most {@value
     *     #LARGEST_MB}
     * @param seconds likewise
     * @param repeats of each cell
     */
    record Settings(
            List<Integer> rttMs,
            List<Double> lossPercent,
            List<Integer> rateMbit,
            int sizeMb,
            int seconds,
            int repeats) {

        int sizeMb(int rate) {
            return sizeMb > 0 ? sizeMb : Math.clamp(rate * (long) seconds / 8, 1, LARGEST_MB);
        }
    }

    WanBenchmark(Settings settings, Scratch scratch, Output output) {
        this.settings = settings;
        this.scratch = scratch;
        this.output = output;
    }

    WanReport run() throws IOException {
        Namespaces namespaces = Namespaces.make();
        scratch.finallyDo(namespaces::close);
        DistantLine line = namespaces.join(SEED);
        Ground ground = new Ground(Namespaces.NEAR_ADDRESS, namespaces.near(), namespaces.far());
        output.tell("working in %s", scratch.directory());
        List<Cell> cells = new ArrayList<>();
        for (int rate : settings.rateMbit()) {
            line.become(NEAR);
            int megabytes = settings.sizeMb(rate);
            try (TransferStage stage = TransferStage.set(scratch, ground, megabytes)) {
                // Not counted: compilers are cold.
                line.become(NEAR);
                repeat(stage, line, NEAR);
                for (int rtt : settings.rttMs()) {
                    for (double loss : settings.lossPercent()) {
                        cells.add(cell(stage, line, rtt, loss, rate, megabytes));
                    }
                }
            }
        }
        return new WanReport(
                StudyFiles.commit(),
                Runtime.getRuntime().availableProcessors(),
                system("tcp_congestion_control"),
                new Windows(system("tcp_wmem"), system("tcp_rmem")),
                settings.repeats(),
                cells);
    }

    private Cell cell(
            TransferStage stage, DistantLine line, int rtt, double loss, int rate, int megabytes) {
        DistantLine.Shape shape =
                new DistantLine.Shape(Duration.ofMillis(rtt), loss / 100, rate * 1_000_000L);
        DistantLine.Fate before = line.fate();
        List<Leg> up = new ArrayList<>();
        List<Leg> down = new ArrayList<>();
        List<Double> seals = new ArrayList<>();
        for (int i = 1; i <= settings.repeats(); i++) {
            Pair pair = repeat(stage, line, shape);
            up.add(pair.up());
            down.add(pair.down());
            seals.add(pair.seal().toNanos() / 1e9);
            output.tell(
                    "%d ms, %s %%, %d Mbit/s, %d of %d: up %s, down %s",
                    rtt, loss, rate, i, settings.repeats(), words(pair.up()), words(pair.down()));
        }
        DistantLine.Fate fate = line.fate().since(before);
        return new Cell(
                rtt,
                loss,
                rate,
                megabytes,
                TransferLeg.of(up),
                TransferLeg.of(down),
                Spread.of(seals),
                100.0 * fate.lost() / Math.max(1, fate.lost() + fate.carried()));
    }

    private static Pair repeat(TransferStage stage, DistantLine line, DistantLine.Shape shape) {
        line.become(NEAR);
        stage.prepare();
        line.become(shape);
        return stage.measure(false);
    }

    private static String words(Leg leg) {
        return "%.0f Mbit/s in %.1f s (%d streams; raw %.0f: %.0f %%)"
                .formatted(
                        leg.bitsPerSecond() / 1e6,
                        leg.time().toNanos() / 1e9,
                        leg.streams(),
                        leg.raw().bitsPerSecond() / 1e6,
                        100 * leg.share());
    }

    private static String system(String setting) throws IOException {
        // In one read: of some settings the kernel gives nothing to a second.
        try (InputStream file = Files.newInputStream(Path.of("/proc/sys/net/ipv4", setting))) {
            byte[] buffer = new byte[256];
            int read = Math.max(0, file.read(buffer));
            return new String(buffer, 0, read, StandardCharsets.US_ASCII)
                    .strip()
                    .replace('\t', ' ');
        }
    }
}
