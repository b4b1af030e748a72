package dev.tapestry.app.bench;

import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.Weighting;
import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig.Listening;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;

/** The consortium of a benchmark: it waits for all its members, and refuses nothing sound. */
final class BenchConsortium {

    private BenchConsortium() {}

    /** Founds it in a coordinator's directory, on any free port, and adopts the base. */
    static void found(Path directory, Path base, int members) {
        found(directory, base, members, new Listening("127.0.0.1", 0, List.of("localhost")));
    }

    /** The same at an address of one's own. */
    static void found(Path directory, Path base, int members, Listening listening) {
        Coordinator.found(
                directory,
                new Charter(
                        "bench",
                        Weighting.EQUAL,
                        1,
                        members,
                        Duration.ofHours(24),
                        Duration.ofHours(24),
                        16,
                        0.5,
                        0.05,
                        1L << 40),
                listening,
                InstantSource.system());
        Coordinator.adoptBase(directory, base, InstantSource.system());
    }
}
