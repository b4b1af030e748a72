package dev.tapestry.app.study.robustness;

import dev.tapestry.app.study.CellStore;
import dev.tapestry.app.study.StudyFiles;
import dev.tapestry.app.study.StudyOptions;
import dev.tapestry.trust.SafeFile;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

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

    @Mixin private final StudyOptions options = new StudyOptions();

    @Override
    public Integer call() throws IOException {
        RobustnessPlan plan = options.plan(RobustnessPlan.class);
        StudyFiles files = options.files();
        String commit = StudyFiles.commit();
        RobustnessStudy study =
                new RobustnessStudy(
                        plan,
                        new CellStore<>(files.cells(), TrialResult.class),
                        StudyFiles.home().resolve("models/demo-base"),
                        options.work(),
                        commit,
                        line -> System.err.println(line));
        if (!options.reportOnly() && !study.run()) {
            System.err.println("the other trials are being run by other processes");
        }
        RobustnessReport report = RobustnessReport.of(plan, study.results());
        SafeFile.write(files.with(".json"), StudyFiles.json(report));
        SafeFile.write(files.with(".table.md"), RobustnessText.markdown(plan, report));
        SafeFile.write(files.with(".html"), RobustnessText.html(plan, report));
        System.out.print(RobustnessText.table(plan, report));
        return 0;
    }
}
