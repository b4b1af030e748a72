package dev.tapestry.consortium.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.Activity.Doing;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PresenceTest {

    private static final Instant NOW = Instant.parse("2026-11-26T12:00:00Z");

    private static Presence seen(long secondsAgo, Activity activity) {
        return new Presence(
                new MemberId("lab"),
                true,
                Optional.of(NOW.minusSeconds(secondsAgo)),
                Optional.empty(),
                Optional.of(activity),
                0,
                0);
    }

    private static Activity of(Doing doing, int done, int of) {
        return Activity.of(3, doing, done, of);
    }

    @Test
    void who_is_there_says_what_it_does_and_how_far_it_is() {
        assertThat(seen(2, of(Doing.TRAINING, 31, 60)).state(NOW))
                .isEqualTo("training, step 31 of 60");
        assertThat(seen(2, of(Doing.SCORING, 0, 0)).state(NOW)).isEqualTo("scoring");
        Presence sending =
                new Presence(
                        new MemberId("lab"),
                        true,
                        Optional.of(NOW),
                        Optional.of(NOW),
                        Optional.of(of(Doing.SENDING, 0, 0)),
                        610,
                        1_000);
        assertThat(sending.state(NOW)).isEqualTo("sending, 61 % of 1,000 bytes are here");
    }

    @Test
    void what_hinders_a_node_is_told_with_its_code_and_with_its_reason_where_there_is_one() {
        Activity full =
                new Activity(
                        3, Doing.HINDERED, 0, 0, Optional.of("STORAGE"), Optional.of("disk full"));
        assertThat(seen(1, full).state(NOW)).isEqualTo("hindered: STORAGE (disk full)");
    }

    @Test
    void what_a_node_failed_at_is_told_while_it_goes_on_and_its_own_words_are_not_for_the_log() {
        Activity full =
                new Activity(
                        3,
                        Doing.HINDERED,
                        0,
                        0,
                        Optional.of("STORAGE"),
                        Optional.of("disk full"),
                        Optional.of(Doing.SENDING));
        assertThat(seen(1, full).state(NOW))
                .isEqualTo("hindered while sending: STORAGE (disk full)");
        Presence goesOn =
                new Presence(
                        new MemberId("lab"),
                        true,
                        Optional.of(NOW.minusSeconds(2)),
                        Optional.empty(),
                        Optional.of(of(Doing.TRAINING, 31, 60)),
                        0,
                        0,
                        Failure.of(full, NOW.minusSeconds(180)));
        assertThat(goesOn.state(NOW))
                .isEqualTo(
                        "training, step 31 of 60 (failed while sending: STORAGE (disk full), 3 min ago)");
        assertThat(goesOn.heard(NOW)).isEqualTo("last seen 2 s ago, failed while sending: STORAGE");
        assertThat(seen(2, of(Doing.TRAINING, 31, 60)).heard(NOW))
                .isEqualTo("last seen 2 s ago, training, step 31 of 60");
    }

    @Test
    void who_is_away_says_since_when_and_what_it_did_last() {
        assertThat(seen(240, of(Doing.TRAINING, 5, 60)).state(NOW))
                .isEqualTo("away, before training, step 5 of 60");
        assertThat(seen(3 * 3600, of(Doing.WAITING, 0, 0)).lastSeen(NOW)).isEqualTo("3 h ago");
        Presence never =
                new Presence(
                        new MemberId("lab"),
                        true,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        0,
                        0);
        assertThat(never.state(NOW)).isEqualTo("not seen since the coordinator was started");
        assertThat(never.lastSeen(NOW)).isEqualTo("not yet");
    }
}
