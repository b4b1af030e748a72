package dev.tapestry.consortium.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.Activity.Doing;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.RoundWork.Step;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What the coordinator's log and the command line say while a round waits. */
final class WaitTest {

    private static final Instant NOW = Instant.parse("2026-11-27T07:30:00Z");
    private static final MemberId FRANCE = new MemberId("member-fr");
    private static final MemberId GHANA = new MemberId("member-gh");

    private static RoundView round(Phase phase, List<MemberId> awaited, Duration left) {
        return new RoundView(
                9,
                phase,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                awaited,
                awaited.isEmpty() ? Optional.empty() : Optional.of(NOW.plus(left)),
                0,
                3,
                "",
                "",
                List.of());
    }

    private static Presence sending(MemberId member) {
        return new Presence(
                member,
                true,
                Optional.of(NOW.minusSeconds(40)),
                Optional.of(NOW.minusSeconds(40)),
                Optional.of(Activity.of(3, Doing.SENDING, 0, 0)),
                610,
                1_000);
    }

    private static Presence unseen(MemberId member) {
        return new Presence(
                member, true, Optional.empty(), Optional.empty(), Optional.empty(), 0, 0);
    }

    private static PresenceView there(
            Optional<Integer> arrived, Optional<RoundWork> work, Presence... members) {
        return new PresenceView(
                NOW,
                List.of(members),
                List.of(),
                Optional.empty(),
                arrived,
                work,
                Optional.empty());
    }

    @Test
    void it_says_how_many_are_in_who_is_missing_how_far_they_are_and_until_when() {
        Wait one =
                new Wait(
                        round(Phase.COLLECTING, List.of(FRANCE), Duration.ofHours(5)),
                        there(Optional.of(2), Optional.empty(), sending(FRANCE)));
        assertThat(one.isOne()).isTrue();
        assertThat(one.line())
                .isEqualTo(
                        "collecting: 2 of 3 in; missing: member-fr, last seen 40 s ago, sending, 61 % of 1,000 bytes are here; until 12:30 UTC (in 5 h)");
        Wait two =
                new Wait(
                        round(Phase.SCORING, List.of(FRANCE, GHANA), Duration.ofHours(20)),
                        there(Optional.of(0), Optional.empty(), sending(FRANCE), unseen(GHANA)));
        assertThat(two.line())
                .startsWith("scoring: 0 of 2 in; missing: member-fr, ")
                .endsWith(
                        "; member-gh, not seen since the coordinator was started; until 2026-11-28 03:30 UTC (in 20 h)");
    }

    @Test
    void what_was_asked_for_a_moment_too_late_is_not_counted() {
        Wait one =
                new Wait(
                        round(Phase.COLLECTING, List.of(FRANCE, GHANA), Duration.ofSeconds(-1)),
                        there(Optional.of(2), Optional.empty(), sending(FRANCE)));
        assertThat(one.line())
                .startsWith("collecting: missing: member-fr, last seen")
                .endsWith("; member-gh; until 07:29 UTC (overdue)");
    }

    @Test
    void a_merge_says_how_far_it_is_and_what_hinders_the_coordinator_is_its_own_fault() {
        RoundWork work =
                new RoundWork(
                        4,
                        Step.MERGING,
                        3,
                        8,
                        40,
                        100,
                        NOW.minus(Duration.ofMinutes(24)),
                        NOW,
                        Optional.of(Duration.ofMinutes(36)));
        RoundView merging = round(Phase.MERGING, List.of(), Duration.ZERO);
        Wait wait = new Wait(merging, there(Optional.empty(), Optional.of(work)));
        assertThat(wait.isOne()).isTrue();
        assertThat(wait.line())
                .isEqualTo(
                        "merging: merging shard 3 of 8, 40 %, since 07:06 UTC (24 min; about 36 min left)");
        Hindrance disk = new Hindrance("STORAGE", "the disk", NOW.minusSeconds(7));
        PresenceView hindered =
                new PresenceView(
                        NOW,
                        List.of(),
                        List.of(),
                        Optional.of(disk),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty());
        assertThat(new Wait(merging, hindered).line())
                .isEqualTo(
                        "merging; the coordinator itself is hindered: STORAGE, 7 s ago (the disk)");
    }

    @Test
    void a_run_in_which_nobody_and_nothing_is_awaited_does_not_wait() {
        PresenceView quiet = there(Optional.empty(), Optional.empty());
        assertThat(new Wait(round(Phase.PUBLISHED, List.of(), Duration.ZERO), quiet).isOne())
                .isFalse();
    }
}
