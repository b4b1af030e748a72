package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.CellStore;
import dev.tapestry.app.study.StudyFiles;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.json.StrictYaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tapestry study robustness}: a plan's attacks on its rules, and what came out. */
@Command(
        name = "robustness",
        mixinStandardHelpOptions = true,
        description = {
            "Attack a simulated consortium under each merge rule, and see what honest members keep.",
            "Each attack on a rule is a trial whose outcome is kept in a file; what has been run is"
                    + " not run again. Start the command as often as there are processors: the"
                    + " processes share the trials out. At the end, and with --report at any time,"
                    + " the figures are written beside the plan: as .json, .table.md and .html."
        },
        footer = {
            "",
            "Examples:",
            "  tapestry study robustness docs/results/robustness.yaml",
            "  tapestry study robustness docs/results/robustness.yaml --report",
            "To run one trial again, remove its file in docs/results/robustness/ first."
        })
public final class RobustnessCommand implements Callable<Integer> {

    @Parameters(paramLabel = "PLAN", description = "The study's plan.")
    private Path plan = Path.of("");

    @Option(names = "--report", description = "Run nothing; write what is known.")
    private boolean reportOnly;

    @Option(
            names = "--work",
            defaultValue = "/dev/shm/tapestry-robustness",
            description =
                    "Where corpora are kept and models come and go; a memory file system is"
                            + " faster (default: ${DEFAULT-VALUE}).")
    private Path work = Path.of("");

    @Override
    public Integer call() throws IOException {
        RobustnessPlan read = StrictYaml.read(plan, RobustnessPlan.class);
        StudyFiles files = StudyFiles.beside(plan);
        Files.createDirectories(work);
        String commit = StudyFiles.commit();
        RobustnessStudy study =
                new RobustnessStudy(
                        read,
                        new CellStore<>(files.cells(), TrialResult.class),
                        StudyFiles.home().resolve("models/demo-base"),
                        work,
                        commit,
                        line -> System.err.println(line));
        if (!reportOnly && !study.run()) {
            System.err.println("the other trials are being run by other processes");
        }
        RobustnessReport report = RobustnessReport.of(read, study.results(), commit);
        SafeFile.write(files.with(".json"), StudyFiles.json(report));
        SafeFile.write(files.with(".table.md"), RobustnessText.markdown(read, report));
        SafeFile.write(files.with(".html"), RobustnessText.html(read, report));
        System.out.print(RobustnessText.table(read, report));
        return 0;
    }
}
