package dev.tapestry.app.command;

import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.coordinator.CoordinatorConfig;
import dev.tapestry.trust.certificate.TlsIdentity;
import java.nio.file.Path;

/** How a steward reaches the coordinator: with the identity and address in its directory. */
final class StewardFiles {

    private StewardFiles() {}

    /** A client of the coordinator in {@code directory}. */
    static StewardClient client(Path directory) {
        return new StewardClient(
                CoordinatorConfig.read(directory).listening().address(),
                TlsIdentity.open(new ConsortiumFiles(directory).steward()),
                directory.toString());
    }
}
