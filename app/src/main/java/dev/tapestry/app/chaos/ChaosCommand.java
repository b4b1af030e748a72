package dev.tapestry.app.chaos;

import dev.tapestry.app.command.Signals;
import dev.tapestry.app.demo.DemoConsortium;
import dev.tapestry.app.demo.DemoMember;
import dev.tapestry.app.study.StudyFiles;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
            "Kill coordinator and nodes of a consortium on this machine, and see that nothing is",
            "lost.",
            "The same run is done twice, each program a process. Nobody disturbs the first. In",
            "each round of the second something is killed (kill -9) at one moment of the round,",
            "and started again. All bases must be those of the first run, bit by bit, and all",
            "logs must verify; else the exit code is 1."
        },
        footer = {
            "",
            "Examples:",
            "  tapestry chaos",
            "  tapestry chaos --victim coordinator --random 20 --seed 7",
            "  tapestry chaos --victim none --random 100 --out chaos.md",
            "",
            "Ctrl-C stops all processes."
        })
public final class ChaosCommand implements Callable<Integer> {

    private static final int MOST_MEMBERS = 4;

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

    @Option(names = "--json", description = "Print the figures as one line of JSON.")
    private boolean json;

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<DemoMember> institutions = DemoConsortium.HEALTH.members();
        List<Fault> faults = Matrix.of(victims.list(), Math.max(0, drawn), seed);
        require(members >= 2 && members <= MOST_MEMBERS, "--members is 2 to 4, not " + members);
        require(steps >= 2, "--steps is at least 2, not " + steps);
        require(!faults.isEmpty(), "nothing is killed: say --random N, or another --victim");
        Chaos.Setting setting =
                new Chaos.Setting(institutions.subList(0, members), steps, faults, seed);
        Path work = work();
        ChaosReport report;
        Thread caller = Thread.currentThread();
        try (Signals _ = Signals.during(caller::interrupt)) {
            report =
                    new Chaos(
                                    setting,
                                    work,
                                    StudyFiles.home().resolve("models/demo-base"),
                                    System.err::println)
                            .run(StudyFiles.commit());
        } catch (InterruptedException e) {
            throw new ChaosException(
                    ChaosException.Code.STOPPED, "interrupted; all processes are ended");
        } finally {
            if (directory == null) {
                delete(work);
            }
        }
        if (out != null) {
            SafeFile.write(out.toAbsolutePath(), report.markdown());
        }
        System.out.print(
                json
                        ? new String(CanonicalJson.write(report), StandardCharsets.UTF_8) + "\n"
                        : report.text());
        return report.sound() ? 0 : 1;
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
