package dev.tapestry.app.study.parity;

import dev.tapestry.app.report.Html;
import dev.tapestry.app.study.CellStore;
import dev.tapestry.app.study.StudyFiles;
import dev.tapestry.app.study.StudyOptions;
import dev.tapestry.training.Device;
import dev.tapestry.trust.SafeFile;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tapestry study parity}: a plan's cells, and what came out. */
@Command(
        name = "parity",
        mixinStandardHelpOptions = true,
        description = {
            "Compare ways to train together with training on pooled data, arm by arm.",
            "Each training is a cell whose outcome is kept in a file; what has been run is not run"
                    + " again. Start the command as often as there are processors: the processes"
                    + " share the cells out. At the end, and with --report at any time, the figures"
                    + " are written beside the plan: as .json, .table.md, .svg and .html."
        },
        footer = {
            "",
            "Examples:",
            "  tapestry study parity docs/results/parity.yaml",
            "  tapestry study parity docs/results/parity.yaml --report",
            "To run one cell again, remove its file in docs/results/parity/ first."
        })
public final class ParityCommand implements Callable<Integer> {

    @Mixin private final StudyOptions options = new StudyOptions();

    @Option(
            names = "--threads",
            defaultValue = "1",
            description =
                    "Of libtorch, for each process; another number changes the last digits"
                            + " (default: ${DEFAULT-VALUE}).")
    private int threads;

    @Option(
            names = "--device",
            defaultValue = "cpu",
            description =
                    "cpu, or an NVIDIA GPU: cuda or cuda:N; it rounds in another order, which"
                            + " changes the last digits (default: ${DEFAULT-VALUE}).")
    private String device = "";

    @Override
    public Integer call() throws IOException {
        Device chosen = Device.of(device);
        chosen.require();
        StudyPlan plan = options.plan(StudyPlan.class);
        StudyFiles files = options.files();
        String commit = StudyFiles.commit();
        Study study =
                new Study(
                        plan,
                        new CellStore<>(files.cells(), CellResult.class),
                        StudyFiles.home().resolve("models/demo-base"),
                        options.work(),
                        commit,
                        threads,
                        chosen,
                        line -> System.err.println(line));
        if (!options.reportOnly() && !study.run()) {
            System.err.println("the other cells are being run by other processes");
        }
        StudyReport report = StudyReport.of(study, plan);
        SafeFile.write(files.with(".json"), StudyFiles.json(report));
        SafeFile.write(files.with(".table.md"), StudyText.markdown(report));
        SafeFile.write(files.with(".html"), StudyText.html(report));
        String plot = StudyText.plot(report).svg();
        if (!plot.isEmpty()) {
            SafeFile.write(files.with(".svg"), Html.picture(plot));
        }
        System.out.print(StudyText.table(report));
        return 0;
    }
}
