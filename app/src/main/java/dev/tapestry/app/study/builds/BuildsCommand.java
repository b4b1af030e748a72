package dev.tapestry.app.study.builds;

import dev.tapestry.app.report.Html;
import dev.tapestry.app.study.CellStore;
import dev.tapestry.app.study.StudyFiles;
import dev.tapestry.app.study.StudyOptions;
import dev.tapestry.node.Compute;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.SafeFile;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tapestry study builds}: what builds by plan gain. */
@Command(
        name = "builds",
        mixinStandardHelpOptions = true,
        description = {
            "Build models by their plans over several seeds, beside models of random weights that get"
                    + " the same stages, each with a learning rate that was chosen on the first seed;"
                    + " and what the first stage gains and forgets over replay and rate.",
            "Each build is a cell whose outcome is kept in a file; what has been run is not run again."
                    + " Start the command as often as there are processors: the processes share the"
                    + " cells out. The figures are written beside the plan."
        },
        footer = {
            "",
            "Examples:",
            "  tapestry study builds docs/results/sovereign-builds.yaml",
            "  tapestry study builds docs/results/sovereign-builds.yaml --report"
        })
public final class BuildsCommand implements Callable<Integer> {

    @Mixin private final StudyOptions options = new StudyOptions();

    @Option(
            names = "--threads",
            defaultValue = "1",
            description =
                    "Of libtorch, for each process; another number changes the last digits"
                            + " (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Override
    public Integer call() throws IOException {
        BuildsPlan plan = options.plan(BuildsPlan.class);
        StudyFiles files = options.files();
        Study study =
                new Study(
                        plan,
                        files.plan().resolveSibling("."),
                        new CellStore<>(files.cells(), Outcome.class),
                        options.work(),
                        StudyFiles.commit(),
                        Compute.of(threads, Precision.FP32),
                        line -> System.err.println(line));
        if (!options.reportOnly() && !study.run()) {
            System.err.println("the other cells are being run by other processes");
        }
        BuildsReport report = BuildsReport.of(plan, study.known());
        SafeFile.write(files.with(".json"), StudyFiles.json(report));
        SafeFile.write(files.with(".table.md"), BuildsText.markdown(report));
        SafeFile.write(files.with(".html"), BuildsText.html(report));
        for (BuildsReport.Row row : report.builds()) {
            report.curve(row)
                    .ifPresent(plot ->
                            SafeFile.write(
                                    files.with("-" + row.name() + ".svg"),
                                    Html.picture(plot.svg())));
        }
        System.out.print(BuildsText.table(report));
        return 0;
    }
}
