package dev.tapestry.app.chaos;

import dev.tapestry.app.command.Signals;
import dev.tapestry.app.demo.DemoConsortium;
import dev.tapestry.app.study.StudyFiles;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tapestry chaos}. */
@Command(
        name = "chaos",
        mixinStandardHelpOptions = true,
        description = {
            "Break things in a consortium on this machine, and see that nothing is lost.",
            "The same run is done twice, each program a process. Nobody disturbs one. In each",
            "round of the other something fails, and is mended: a process is killed (kill -9), a",
            "disk is full, torn or loses what was not flushed, a file or a line changes a byte.",
            "All bases must be those of the undisturbed run, bit by bit, all logs must verify,",
            "and what members were told to be kept must be there; else the exit code is 1.",
            "With --minutes, faults are drawn from the seed for so long, on all lines at once."
        },
        footer = {
            "",
            "Examples:",
            "  tapestry chaos",
            "  tapestry chaos --seed 1 --minutes 10 --json chaos.json",
            "  tapestry chaos --victim coordinator --random 20 --seed 7",
            "  tapestry chaos --victim none --random 0 --disk all --out disk.md",
            "",
            "Ctrl-C stops all processes."
        })
public final class ChaosCommand implements Callable<Integer> {

    private static final int MOST_MEMBERS = 4;
    private static final int ALL = Integer.MAX_VALUE;

    /** Whose moments are gone through. */
    enum Victims {
        ALL,
        COORDINATOR,
        NODE,
        BOTH,
        NONE;

        List<Victim> list() {
            return switch (this) {
                case ALL -> List.of(Victim.values());
                case NONE -> List.of();
                case COORDINATOR, NODE, BOTH -> List.of(Victim.valueOf(name()));
            };
        }
    }

    @Spec private @Nullable CommandSpec spec;

    @Option(
            names = "--victim",
            defaultValue = "ALL",
            description = {
                "Who is killed at each of its moments: coordinator, node, both (at once), all (these three in"
                        + " turn; default), or none."
            })
    private Victims victims = Victims.ALL;

    @Option(
            names = "--random",
            paramLabel = "N",
            defaultValue = "10",
            description = "Kills of anybody at instants drawn from the seed (${DEFAULT-VALUE}).")
    private int drawn;

    @Option(
            names = "--disk",
            paramLabel = "N|all",
            defaultValue = "0",
            description =
                    "Faults of disks: all, or N drawn from the seed, of each kind of fault at each kind of operation that a round asks of the disks of coordinator and node (${DEFAULT-VALUE}).")
    private String disk = "0";

    @Option(
            names = "--whole",
            description =
                    "Weights travel in fp32, in several files, instead of coded in one: uploads and merges are half done more often.")
    private boolean whole;

    @Option(
            names = "--commits",
            description =
                    "End coordinator and node before and behind each commit of their logs in a round, by a kill and by a power cut.")
    private boolean commits;

    @Option(names = "--damage", description = "Change a byte of each kind of file where it lies.")
    private boolean damage;

    @Option(names = "--lines", description = "Cut, stop and falsify the line of a node.")
    private boolean lines;

    @Option(
            names = "--held",
            description = "Lock the log, start a second process in a directory, freeze processes.")
    private boolean held;

    @Option(names = "--clocks", description = "Set clocks by a day, forth and back.")
    private boolean clocks;

    @Option(
            names = "--minutes",
            paramLabel = "M",
            description =
                    "Instead of all that: faults of every kind, drawn from the seed, for so many minutes; the undisturbed run comes after that.")
    private @Nullable Double minutes;

    @Option(names = "--seed", defaultValue = "1", description = "Seed (${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--members",
            defaultValue = "3",
            description = "Nodes, 2 to 4 (${DEFAULT-VALUE}).")
    private int members;

    @Option(
            names = "--steps",
            defaultValue = "6",
            description = "Steps of each node in a round (${DEFAULT-VALUE}).")
    private int steps;

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description =
                    "Where to work, and leave everything (default: a folder that is deleted).")
    private @Nullable Path directory;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "Write the table here, in Markdown.")
    private @Nullable Path out;

    @Option(
            names = "--json",
            paramLabel = "FILE",
            arity = "0..1",
            fallbackValue = "-",
            description = "Print the figures as one line of JSON, or write them into FILE.")
    private @Nullable String json;

    @Override
    public Integer call() throws IOException, InterruptedException {
        require(members >= 2 && members <= MOST_MEMBERS, "--members is 2 to 4, not " + members);
        require(steps >= 2, "--steps is at least 2, not " + steps);
        require(disk.matches("all|[0-9]{1,6}"), "--disk is a number or all, not '" + disk + "'");
        require(minutes == null || minutes > 0, "--minutes is above 0, not " + minutes);
        int disks = disk.equals("all") ? ALL : Integer.parseInt(disk);
        List<Fault> first = Matrix.of(victims.list(), Math.max(0, drawn), seed);
        require(
                minutes != null
                        || disks > 0
                        || commits
                        || damage
                        || lines
                        || held
                        || clocks
                        || !first.isEmpty(),
                "nothing is done: say --random N, or another --victim");
        ChaosRun run =
                new ChaosRun(
                        DemoConsortium.HEALTH.members().subList(0, members), steps, seed, whole);
        Path work = work();
        Thread caller = Thread.currentThread();
        try (Signals _ = Signals.during(caller::interrupt)) {
            return minutes == null
                    ? matrix(run, work, first, disks)
                    : storm(run, work, Duration.ofMillis(Math.round(minutes * 60_000)));
        } catch (InterruptedException e) {
            throw new ChaosException(
                    ChaosException.Code.STOPPED, "interrupted; all processes are ended");
        } finally {
            if (directory == null) {
                delete(work);
            }
        }
    }

    private int matrix(ChaosRun run, Path work, List<Fault> first, int disks)
            throws IOException, InterruptedException {
        Apparatus apparatus = new Apparatus(disks > 0 || commits, lines || damage, clocks);
        ChaosReport report =
                new Chaos(
                                run,
                                apparatus,
                                twin -> {
                                    List<Fault> all = new ArrayList<>(first);
                                    if (commits) {
                                        all.addAll(Matrix.ofCommits(twin, seed));
                                    }
                                    all.addAll(Matrix.ofDisks(twin, disks, seed));
                                    all.addAll(Matrix.others(damage, lines, held, clocks, seed));
                                    return all;
                                },
                                work,
                                base(),
                                System.err::println)
                        .run(StudyFiles.commit());
        String figures = new String(CanonicalJson.write(report), StandardCharsets.UTF_8) + "\n";
        tell(report.markdown(), report.text(), figures);
        return report.sound() ? 0 : 1;
    }

    private int storm(ChaosRun run, Path work, Duration time)
            throws IOException, InterruptedException {
        StormReport report =
                new Storm(run, work, base(), System.err::println).run(StudyFiles.commit(), time);
        tell(report.text(), report.text(), StudyFiles.json(report));
        return report.sound() ? 0 : 1;
    }

    private static Path base() {
        return StudyFiles.home().resolve("models/demo-base");
    }

    private void tell(String markdown, String text, String line) {
        if (out != null) {
            SafeFile.write(out.toAbsolutePath(), markdown);
        }
        if (json != null && !json.equals("-")) {
            SafeFile.write(Path.of(json).toAbsolutePath(), line);
        }
        System.out.print("-".equals(json) ? line : text);
    }

    private Path work() throws IOException {
        if (directory == null) {
            return Files.createTempDirectory("tapestry-chaos");
        }
        Path chosen = Files.createDirectories(directory.toAbsolutePath().normalize());
        try (Stream<Path> files = Files.list(chosen)) {
            require(files.findAny().isEmpty(), chosen + " is not empty");
        }
        return chosen;
    }

    private void require(boolean condition, String message) {
        if (!condition && spec != null) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : (Iterable<Path>) files.sorted((a, b) -> b.compareTo(a))::iterator) {
                Files.deleteIfExists(file);
            }
        }
    }
}
