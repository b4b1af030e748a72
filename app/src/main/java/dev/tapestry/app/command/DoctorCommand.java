package dev.tapestry.app.command;

import dev.tapestry.node.Doctor;
import dev.tapestry.node.HealthFinding;
import dev.tapestry.node.HealthFinding.Severity;
import dev.tapestry.node.Machine;
import dev.tapestry.node.NodeHome;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExitCodeGenerator;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says what is wrong, and what to do about it. */
@Command(
        name = "doctor",
        description = {
            "Look a machine over, and a node if one is given.",
            "Ends with 0 when all is well enough, with 3 when something is broken."
        },
        footer = {"", "Examples:", "  tapestry doctor", "  tapestry doctor my-node"})
final class DoctorCommand extends CommandGroup implements IExitCodeGenerator {

    @Parameters(
            arity = "0..1",
            paramLabel = "NODE_DIR",
            description = "A node's directory; without it only the machine is examined.")
    private @Nullable Path node;

    @Option(names = "--json", description = "As one line of JSON.")
    private boolean json;

    private ExitCode code = ExitCode.DONE;

    @Override
    public void run() {
        List<HealthFinding> findings =
                node == null
                        ? Machine.examine(Path.of("").toAbsolutePath(), Optional.empty())
                        : Doctor.examine(new NodeHome(node), InstantSource.system());
        if (findings.stream().anyMatch(finding -> finding.severity() == Severity.BROKEN)) {
            code = ExitCode.ENVIRONMENT;
        }
        if (json) {
            json(findings);
        } else {
            findings.forEach(this::show);
        }
    }

    private void show(HealthFinding finding) {
        String mark =
                switch (finding.severity()) {
                    case GOOD -> "ok    ";
                    case WORTH_A_LOOK -> "look  ";
                    case BROKEN -> "BROKEN";
                };
        say("%s  %-12s %s", mark, finding.subject(), finding.what());
        if (!finding.advice().isEmpty()) {
            say("        %-12s → %s", "", finding.advice());
        }
    }

    @Override
    public int getExitCode() {
        return code.number();
    }
}
