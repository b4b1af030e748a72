package dev.tapestry.consortium;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.ConsortiumEvent.RunEnded;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * Whole consortia, a thousand of them: see {@link Auditor} for what must always be true. A seed
 * that fails is named; {@code new SimulatedConsortium(seed).live()} repeats it exactly.
 */
class SimulationTest {

    @Test
    void a_thousand_consortia_keep_the_rules_and_reach_the_end_of_their_runs() {
        Map<String, Integer> seen = new TreeMap<>();
        ForAll.seeds(
                1000,
                seed -> {
                    for (ConsortiumEvent event : new SimulatedConsortium(seed).live()) {
                        seen.merge(kind(event), 1, Integer::sum);
                    }
                });
        System.out.println("1000 consortia: " + seen);
        assertThat(seen.keySet())
                .as("the simulation meets everything that can happen")
                .contains(
                        "BasePublished",
                        "RoundRolledBack",
                        "RoundAbandoned",
                        "MemberRevoked",
                        "LeasesLapsed",
                        "late contribution",
                        "RunEnded complete",
                        "RunEnded incomplete",
                        "NOT_INVITED",
                        "REVOKED",
                        "STALE_ROUND",
                        "WRONG_BASE",
                        "WRONG_PLAN",
                        "ALREADY_ADMITTED",
                        "REPLAY",
                        "TOO_LARGE",
                        "NON_FINITE",
                        "BELOW_QUALITY_FLOOR");
    }

    @Test
    void the_same_seed_gives_the_same_log() {
        for (long seed : List.of(11L, 12L, 13L)) {
            assertThat(digest(seed)).as("seed %s", seed).isEqualTo(digest(seed));
        }
    }

    @Test
    void another_seed_gives_another_log() {
        assertThat(digest(11)).isNotEqualTo(digest(12));
    }

    @Test
    void what_was_logged_replays_to_the_same_state_wherever_one_stops() {
        List<ConsortiumEvent> log =
                LongStream.rangeClosed(1, 20)
                        .mapToObj(seed -> new SimulatedConsortium(seed).live())
                        .max(Comparator.comparingInt(List::size))
                        .orElseThrow();
        Consortium state = Consortium.replay(log.subList(0, 1));
        for (int size = 1; size < log.size(); size++) {
            state = state.apply(log.get(size));
            assertThat(Consortium.replay(log.subList(0, size + 1))).isEqualTo(state);
        }
    }

    private static Digest digest(long seed) {
        return Sample.digest(
                new SimulatedConsortium(seed)
                        .live().stream()
                                .map(ConsortiumEvent::toString)
                                .collect(Collectors.joining("\n")));
    }

    private static String kind(ConsortiumEvent event) {
        return switch (event) {
            case ContributionRefused refused -> refused.finding().name();
            case ContributionAdmitted it when it.contribution().late().isPresent() ->
                    "late contribution";
            case RunEnded ended -> "RunEnded " + (ended.complete() ? "complete" : "incomplete");
            // The others are told apart well enough by their class.
            case ConsortiumEvent other -> other.getClass().getSimpleName();
        };
    }
}
