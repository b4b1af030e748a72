package dev.tapestry.node.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class StallWatchTest {

    private final AtomicBoolean broken = new AtomicBoolean();

    @Test
    void an_exchange_whose_body_stops_moving_is_broken_off() {
        try (StallWatch stalls = new StallWatch(Duration.ofMillis(50));
                StallWatch.Watched watched = stalls.watch(() -> broken.set(true))) {
            watched.moved(1);
            await().untilTrue(broken);
            assertThat(watched.stalled()).isTrue();
        }
    }

    @Test
    void nobody_is_hurried_who_thinks_before_an_answer() {
        // Longer than this thread may be held up between one line and the next.
        try (StallWatch stalls = new StallWatch(Duration.ofSeconds(5));
                StallWatch.Watched waits = stalls.watch(() -> broken.set(true));
                StallWatch.Watched moves = stalls.watch(() -> {})) {
            waits.moved(1);
            waits.rests();
            moves.moved(1);
            await().until(moves::stalled);
            assertThat(waits.stalled()).isFalse();
            assertThat(broken).isFalse();
        }
    }
}
