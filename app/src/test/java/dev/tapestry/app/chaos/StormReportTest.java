package dev.tapestry.app.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.app.chaos.Storm.Tally;
import dev.tapestry.app.chaos.disk.DiskFault;
import dev.tapestry.app.chaos.disk.DiskOperation;
import dev.tapestry.app.chaos.disk.DiskOrder;
import dev.tapestry.app.demo.DemoConsortium;
import dev.tapestry.consortium.Digest;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class StormReportTest {

    private static StormReport report(Map<Tally, Integer> counts) {
        ChaosRun run = new ChaosRun(DemoConsortium.HEALTH.members().subList(0, 2), 4, 3, false);
        Digest base = Digest.of(new byte[0]);
        return StormReport.of("c0ffee", run, 2, 5, counts, List.of(), true, base, List.of());
    }

    @Test
    void a_short_storm_without_a_kill_says_that_it_shows_nothing_of_kills() {
        assertThat(report(Map.of(Tally.FULL_DISKS, 2)).text())
                .contains("disks full 2 times", "No kill was drawn", "longer runs");
        assertThat(report(Map.of(Tally.KILLS, 1)).text()).doesNotContain("No kill was drawn");
        assertThat(report(Map.of(Tally.POWER_CUTS, 1)).text()).doesNotContain("No kill was drawn");
    }

    @Test
    void a_disk_that_fails_is_told_in_one_sentence() {
        DiskOrder order =
                new DiskOrder(
                        DiskFault.FULL,
                        DiskOperation.WRITE,
                        "models/DIGEST.update.safetensors",
                        2,
                        7);
        assertThat(new Fault.Disk(Victim.COORDINATOR, order).told())
                .isEqualTo("disk full at write models/DIGEST.update.safetensors, number 2");
        assertThat(Fault.Kill.at(Victim.NODE, Moment.TRAINING).told()).startsWith("killed, ");
    }
}
