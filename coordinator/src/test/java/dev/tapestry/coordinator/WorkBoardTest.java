package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.aggregation.MergeHeadway;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.RoundWork;
import dev.tapestry.consortium.protocol.RoundWork.Step;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** How far the coordinator's own work is, by a clock that only the test moves. */
final class WorkBoardTest {

    private static final RoundNumber ROUND = new RoundNumber(4);

    private final TestClock clock = new TestClock();
    private final WorkBoard board = new WorkBoard(clock, clock::steady);

    private void merged(int shard, long done) {
        board.merge(ROUND, new MergeHeadway(MergeHeadway.Step.MERGING, shard, 8, done, 1_000));
    }

    @Test
    void what_is_left_is_told_by_what_this_process_has_done_and_not_by_what_it_found() {
        merged(0, 200); // an interrupted merge has left it
        assertThat(board.view().orElseThrow().left()).isEmpty();
        clock.advance(Duration.ofMinutes(10));
        merged(3, 400);
        RoundWork work = board.view().orElseThrow();
        assertThat(work.words()).isEqualTo("merging shard 3 of 8, 40 %");
        assertThat(work.left()).contains(Duration.ofMinutes(30));
    }

    @Test
    void threads_that_overtake_each_other_do_not_lead_back() {
        merged(1, 0);
        merged(1, 70);
        merged(1, 60);
        assertThat(board.view().orElseThrow().done()).isEqualTo(70);
        board.begin(ROUND, Step.KEEPING);
        assertThat(board.view().orElseThrow().words())
                .isEqualTo("putting the candidate in its place");
        board.end();
        assertThat(board.view()).isEmpty();
    }

    @Test
    void what_does_not_move_for_a_lease_is_a_hindrance_until_it_moves() {
        Duration lease = Duration.ofMinutes(3);
        merged(1, 0);
        clock.advance(lease.minusSeconds(1));
        assertThat(board.stalled(Optional.of(lease))).isEmpty();
        clock.set(Duration.ofDays(1));
        assertThat(board.stalled(Optional.of(lease))).as("a clock that is set").isEmpty();
        clock.advance(Duration.ofSeconds(1));
        assertThat(board.stalled(Optional.of(lease)).orElseThrow().code()).isEqualTo("STALLED");
        assertThat(board.stalled(Optional.empty())).as("without a lease").isEmpty();
        merged(1, 1);
        assertThat(board.stalled(Optional.of(lease))).isEmpty();
        clock.advance(WorkBoard.PATIENCE);
        assertThat(board.stalled(Optional.empty()).orElseThrow().detail())
                .contains("merging shard 1 of 8");
    }

    @Test
    void a_step_in_which_nothing_is_counted_gets_an_hour() {
        board.begin(ROUND, Step.KEEPING);
        clock.advance(Duration.ofMinutes(59));
        assertThat(board.stalled(Optional.of(Duration.ofMinutes(3)))).isEmpty();
        clock.advance(Duration.ofMinutes(1));
        assertThat(board.stalled(Optional.of(Duration.ofMinutes(3)))).isPresent();
    }
}
