package dev.tapestry.consortium;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.ContributionRefused;
import dev.tapestry.consortium.RoundInput.Contributed;
import dev.tapestry.consortium.RoundInput.MergeFailed;
import dev.tapestry.consortium.RoundInput.Merged;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.consortium.RoundInput.Revoked;
import dev.tapestry.consortium.RoundInput.Scored;
import dev.tapestry.consortium.RoundInput.TimePassed;
import dev.tapestry.consortium.RoundInput.Unsound;
import dev.tapestry.consortium.RoundState.Merging;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What holds for every order of inputs, sensible or not. */
class RoundRulesPropertyTest {

    private static final List<MemberId> MEMBERS =
            List.of(Sample.BANK, Sample.CLINIC, Sample.LAB, Sample.STRANGER);

    @Test
    void once_a_round_is_over_no_input_moves_it() {
        ForAll.randoms(
                500,
                random -> {
                    Story round = wander(random, 30);
                    settle(round);
                    RoundState over = round.state();
                    for (int i = 0; i < 10; i++) {
                        assertThat(round.tell(input(random)))
                                .hasOnlyElementsOfTypes(ContributionRefused.class);
                    }
                    assertThat(round.state()).isEqualTo(over);
                });
    }

    @Test
    void time_and_a_merge_always_bring_a_round_to_its_end() {
        ForAll.randoms(
                500,
                random -> {
                    Story round = wander(random, random.nextInt(20));
                    settle(round);
                    assertThat(round.state().over()).isTrue();
                    assertThat(round.state().awaited()).isEmpty();
                });
    }

    @Test
    void the_same_contribution_is_admitted_at_most_once() {
        ForAll.randoms(
                500,
                random -> {
                    Story round = wander(random, random.nextInt(20));
                    Contributed input = contributed(random);
                    round.tell(input);
                    assertThat(round.tell(input)).noneMatch(ContributionAdmitted.class::isInstance);
                });
    }

    @Test
    void a_state_that_waits_has_somebody_to_wait_for_a_deadline_and_a_quorum_in_reach() {
        ForAll.randoms(
                500,
                random -> {
                    RoundState state = wander(random, random.nextInt(20)).state();
                    boolean waits = !state.over() && !(state instanceof Merging);
                    assertThat(state.deadline().isPresent()).isEqualTo(waits);
                    assertThat(state.awaited().isEmpty()).isEqualTo(!waits);
                });
    }

    private static Story wander(SplittableRandom random, int steps) {
        Story round = Story.begin(Sample.BANK, Sample.CLINIC, Sample.LAB);
        for (int i = 0; i < steps; i++) {
            round.tell(input(random));
        }
        return round;
    }

    private static void settle(Story round) {
        round.tell(new TimePassed(Sample.NOON.plus(Duration.ofDays(2))));
        round.tell(new Merged(Sample.candidate(Sample.LAB), Sample.NOON));
        round.tell(new TimePassed(Sample.NOON.plus(Duration.ofDays(4))));
    }

    private static Contributed contributed(SplittableRandom random) {
        MemberId member = member(random);
        return new Contributed(
                Sample.contribution(member, "weights " + random.nextInt(6)), time(random));
    }

    private static RoundInput input(SplittableRandom random) {
        Instant at = time(random);
        return switch (random.nextInt(12)) {
            case 0 -> new Unsound(member(random), new Refusal(Finding.NON_FINITE, "NaN"), at);
            case 1 -> new Revoked(member(random), at);
            case 2 -> new Merged(Sample.candidate(Sample.LAB, Sample.BANK), at);
            case 3 -> random.nextInt(5) == 0 ? new MergeFailed("?", at) : new TimePassed(at);
            case 4, 5, 6 ->
                    new Scored(member(random), Sample.better(random.nextDouble(-0.2, 0.2)), at);
            // The rest are contributions.
            default -> contributed(random);
        };
    }

    private static MemberId member(SplittableRandom random) {
        return MEMBERS.get(random.nextInt(MEMBERS.size()));
    }

    /** Mostly before any deadline. */
    private static Instant time(SplittableRandom random) {
        return Sample.NOON.plus(
                random.nextInt(20) == 0
                        ? Duration.ofHours(random.nextInt(40))
                        : Duration.ofMinutes(random.nextInt(60)));
    }
}
