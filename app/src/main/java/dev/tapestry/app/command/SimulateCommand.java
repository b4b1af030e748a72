package dev.tapestry.app.command;

import dev.tapestry.app.study.StudyFiles;
import dev.tapestry.app.study.simulation.Resources;
import dev.tapestry.app.study.simulation.Simulation;
import dev.tapestry.app.study.simulation.SimulationPlan;
import dev.tapestry.app.study.simulation.SimulationReport;
import dev.tapestry.app.study.simulation.SimulationText;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.StopSignal;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.json.StrictYaml;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExitCodeGenerator;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tapestry simulate}: merge rules, codecs and timing, compared before anybody uses them. */
@Command(
        name = "simulate",
        description = {
            "Simulate a consortium of many members on a virtual clock, and compare merge rules, codecs"
                    + " and timing.",
            "Rounds, checks, merges and codecs are those of a real consortium; members train on open"
                    + " text, or on a function in its place. Ctrl-C keeps the variants that are done,"
                    + " in --out, and leaves nothing else behind but the packed text in --work."
        },
        footer = {
            "",
            "Examples:",
            "  tapestry simulate docs/examples/simulation.yaml",
            "  tapestry simulate docs/examples/simulation-200.yaml --out simulation-200",
            "  tapestry simulate plan.yaml --json > simulation.json",
            "docs/guide/researcher.md explains plans, figures, and rules of your own."
        })
final class SimulateCommand extends CommandGroup implements IExitCodeGenerator {

    @Parameters(paramLabel = "PLAN", description = "The plan, in YAML.")
    private Path plan = Path.of("");

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Write simulation.json and simulation.html there, after each variant.")
    private @Nullable Path out;

    @Option(
            names = "--work",
            paramLabel = "DIR",
            defaultValue = "/dev/shm/tapestry-simulation",
            description =
                    "Where packed text is kept and models come and go; a memory file system is"
                            + " faster (default: ${DEFAULT-VALUE}).")
    private Path work = Path.of("");

    @Option(
            names = "--threads",
            defaultValue = "1",
            description =
                    "Of libtorch; another number changes the last digits (default:"
                            + " ${DEFAULT-VALUE}).")
    private int threads;

    @Option(
            names = "--parallel",
            paramLabel = "N",
            description = "Variants at a time (default: as many as there are processors).")
    private int parallel = Runtime.getRuntime().availableProcessors();

    @Option(names = "--json", description = "The report as one line of JSON.")
    private boolean json;

    private int code;

    @Override
    public void run() {
        SimulationPlan read = StrictYaml.read(plan, SimulationPlan.class);
        prepareOut();
        StopSignal stop = new StopSignal();
        try (Signals signals = Signals.during(stop::request)) {
            try {
                Files.createDirectories(work);
                SimulationReport report =
                        new Simulation(
                                        read,
                                        plan.toAbsolutePath(),
                                        work,
                                        new Resources(
                                                StudyFiles.home().resolve("models/demo-base"),
                                                parallel,
                                                threads,
                                                stop),
                                        this::tell)
                                .run(this::keep);
                answer(json, report, "%s", SimulationText.table(report).stripTrailing());
                if (out != null) {
                    tell("see %s".formatted(out.resolve("simulation.html")));
                }
            } catch (NodeException e) {
                if (e.code() != NodeException.Code.STOPPED || !signals.came()) {
                    throw e;
                }
                tell(
                        "interrupted; variants that were done are %s"
                                .formatted(
                                        out == null ? "lost, for there is no --out" : "in " + out));
                code = ExitCode.INTERRUPTED.number();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void prepareOut() {
        if (out != null) {
            try {
                Files.createDirectories(out);
            } catch (IOException e) {
                throw usage("--out: cannot make the directory " + out);
            }
        }
    }

    private void keep(SimulationReport known) {
        if (out == null) {
            return;
        }
        SafeFile.write(
                out.resolve("simulation.json"),
                new String(CanonicalJson.write(known), StandardCharsets.UTF_8) + "\n");
        SafeFile.write(out.resolve("simulation.html"), SimulationText.html(known));
    }

    private void tell(String line) {
        err().println(line);
        err().flush();
    }

    @Override
    public int getExitCode() {
        return code;
    }
}
