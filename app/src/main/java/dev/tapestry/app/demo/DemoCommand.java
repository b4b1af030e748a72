package dev.tapestry.app.demo;

import dev.tapestry.app.command.Signals;
import dev.tapestry.trust.SafeFile;
import java.io.Console;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tapestry demo}. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = {
            "Show consortium training on this machine: a coordinator and four member nodes, real text,"
                    + " a shared base, and a sovereign model for each member."
        },
        footer = {
            "",
            "Examples:",
            "  tapestry demo",
            "  tapestry demo --seed 7 --json figures.json",
            "  tapestry demo --consortium nations --from-scratch",
            "",
            "Ctrl-C stops all processes; the same command goes on where it was, and shows a demo",
            "again that is done."
        })
public final class DemoCommand implements Callable<Integer> {

    @Spec private @Nullable CommandSpec spec;

    @Option(
            names = "--consortium",
            defaultValue = "HEALTH",
            description = {
                "health: four institutions of health care with little text each (default);",
                "nations: Spanish, Italian and a little Romanian debate, and English health care."
            })
    private DemoConsortium consortium = DemoConsortium.HEALTH;

    @Option(names = "--seed", defaultValue = "1", description = "Seed (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--rounds",
            defaultValue = "" + DemoSettings.DEFAULT_ROUNDS,
            description = "Rounds of the loop (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--from-scratch",
            description = "Start from random weights instead of the adopted base.")
    private boolean fromScratch;

    @Option(
            names = "--dir",
            defaultValue = "tapestry-demo",
            description = "Where to work (default: ${DEFAULT-VALUE}).")
    private Path directory = Path.of("");

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Write the figures here, and the report beside them.")
    private @Nullable Path json;

    @Override
    public Integer call() throws InterruptedException, IOException {
        if (rounds < 1 && spec != null) {
            throw new ParameterException(
                    spec.commandLine(), "--rounds is at least 1, not " + rounds);
        }
        Screen screen = new Screen(System.out, onTerminal());
        DemoDirectory demo = new DemoDirectory(directory.toAbsolutePath().normalize());
        Path shippedBase =
                Path.of(System.getProperty("tapestry.home", ".")).resolve("models/demo-base");
        DemoSettings settings = new DemoSettings(consortium, seed, fromScratch, rounds);
        Demo.DemoOutcome outcome = stoppable(settings, demo, shippedBase, screen);
        DemoReport report = new DemoReport(outcome.result(), outcome.curves());
        SafeFile.write(demo.report(), report.html());
        screen.print(report.text());
        screen.print("\nReport with curves: " + demo.report() + "\n");
        if (json != null) {
            Path figures = json.toAbsolutePath();
            SafeFile.write(figures, outcome.result().json());
            SafeFile.write(besides(figures), report.html());
            screen.print("Figures: " + figures + ", and the report beside them\n");
        }
        return 0;
    }

    /** Runs the demo until it is done or a signal comes, which also reaches its programs. */
    private static Demo.DemoOutcome stoppable(
            DemoSettings settings, DemoDirectory demo, Path shippedBase, Screen screen)
            throws InterruptedException, IOException {
        Stop stop = new Stop(Thread.currentThread());
        try (Signals _ =
                Signals.during(() -> {
                    screen.last("stopping…");
                    stop.ask();
                })) {
            return new Demo(settings, demo, shippedBase, stop, screen).run();
        } catch (CancellationException e) {
            throw stopped();
        } catch (InterruptedException | IOException | RuntimeException e) {
            // Whatever an interrupt breaks off on its way is no news then.
            if (stop.isAsked()) {
                throw stopped();
            }
            throw e;
        }
    }

    private static DemoException stopped() {
        return new DemoException(
                DemoException.Code.STOPPED, "stopped; the same command goes on where it was");
    }

    /** {@code figures.html} for {@code figures.json}. */
    private static Path besides(Path figures) {
        String name = figures.getFileName().toString();
        return figures.resolveSibling(name.replaceFirst("\\.json$", "") + ".html");
    }

    @SuppressWarnings("SystemConsoleNull") // JDK 25 returns null again when output is piped
    private static boolean onTerminal() {
        Console console = System.console();
        return console != null && console.isTerminal();
    }
}
