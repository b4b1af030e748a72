package dev.tapestry.app.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ChaosReportTest {

    private static final Fault FAULT = Fault.Kill.at(Victim.COORDINATOR, Moment.MERGING);

    private static ChaosReport report(String base, boolean same, List<String> unverified) {
        Trial trial = new Trial(2, FAULT, "clinic", digest(base), digest("a"), 1.5, 3, 1_000);
        return new ChaosReport(
                "c0ffee", 1, 3, 4, 2, List.of(trial), List.of(), same, List.of(), unverified);
    }

    private static Digest digest(String text) {
        return Digest.of(text.getBytes(UTF_8));
    }

    @Test
    void the_same_bases_and_sound_logs_are_what_it_takes() {
        ChaosReport sound = report("a", true, List.of());
        assertThat(sound.sound()).isTrue();
        assertThat(sound.text()).contains("merge half written", "the same", "1.5 s");
        assertThat(sound.markdown())
                .contains("| coordinator | killed | merge half written | the same |");
    }

    @Test
    void another_base_and_a_log_that_does_not_verify_are_told() {
        ChaosReport other = report("b", false, List.of());
        assertThat(other.sound()).isFalse();
        assertThat(other.text()).contains("ANOTHER", "NOT all bases");
        ChaosReport unverified = report("a", true, List.of("tapestry verify log x"));
        assertThat(unverified.sound()).isFalse();
        assertThat(unverified.text()).contains("Verification failed", "tapestry verify log x");
    }

    @Test
    void the_matrix_has_each_moment_of_each_victim_once_and_the_same_instants_for_a_seed() {
        List<Fault> all = Matrix.of(List.of(Victim.values()), 5, 7);
        assertThat(all).hasSize(9 + 10 + 8 + 5).doesNotHaveDuplicates();
        assertThat(Matrix.of(List.of(Victim.values()), 5, 7)).isEqualTo(all);
        assertThat(Matrix.of(List.of(), 5, 8)).isNotEqualTo(Matrix.of(List.of(), 5, 7));
        Set<Moment> used =
                all.stream()
                        .flatMap(f -> ((Fault.Kill) f).moment().stream())
                        .collect(Collectors.toSet());
        assertThat(used).containsExactlyInAnyOrder(Moment.values());
    }
}
