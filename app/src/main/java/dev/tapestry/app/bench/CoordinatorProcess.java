package dev.tapestry.app.bench;

import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import java.io.IOException;
import java.nio.file.Path;

/** The coordinator in a process of its own; it ends with its standard input. */
final class CoordinatorProcess {

    private CoordinatorProcess() {}

    /** Serves the directory that is named and says where. */
    public static void main(String[] arguments) throws IOException {
        CoordinatorConfig founded = CoordinatorConfig.read(Path.of(arguments[0]));
        // One round's files are kept instead of two, so that less disk is needed.
        CoordinatorConfig config =
                new CoordinatorConfig(
                        founded.directory(),
                        founded.listening(),
                        new CoordinatorConfig.Retention(1),
                        founded.mergeThreads(),
                        founded.transferMebibytes());
        try (Coordinator coordinator = Coordinator.assemble(config)) {
            coordinator.start();
            System.out.println("listening " + coordinator.address());
            while (System.in.read() >= 0) {
                // nothing is said to a coordinator but that it ends
            }
        }
    }
}
