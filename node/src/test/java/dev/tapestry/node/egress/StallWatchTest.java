package dev.tapestry.node.egress;

import static java.util.concurrent.TimeUnit.SECONDS;
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
            await().atMost(30, SECONDS).untilTrue(broken);
            assertThat(watched.stalled()).isTrue();
        }
    }

    @Test
    void nobody_is_hurried_who_thinks_before_an_answer() {
        try (StallWatch stalls = new StallWatch(Duration.ofMillis(1));
                StallWatch.Watched waits = stalls.watch(() -> broken.set(true));
                StallWatch.Watched moves = stalls.watch(() -> {})) {
            waits.moved(1);
            waits.rests();
            moves.moved(1);
            await().atMost(30, SECONDS).until(moves::stalled);
            assertThat(waits.stalled()).isFalse();
            assertThat(broken).isFalse();
        }
    }
}
