package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Heavy work, few at a time. */
@Timeout(60)
class TurnsTest {

    @Test
    void who_finds_all_turns_taken_is_told_so_and_gets_one_when_one_is_over() throws Exception {
        Turns turns = new Turns(1, Duration.ofMillis(1), "contributions");
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        CompletableFuture<String> first =
                CompletableFuture.supplyAsync(() ->
                        turns.<String, RuntimeException>take(() -> {
                            begun.countDown();
                            try {
                                over.await();
                            } catch (InterruptedException e) {
                                throw new IllegalStateException(e);
                            }
                            return "first";
                        }));
        begun.await();
        assertThatThrownBy(() -> turns.take(() -> "second"))
                .isInstanceOf(ApiRefusal.class)
                .hasMessageContaining("contributions of other members take all turns");
        over.countDown();
        assertThat(first.get()).isEqualTo("first");
        String second = turns.take(() -> "second");
        assertThat(second).isEqualTo("second");
    }

    @Test
    void a_turn_that_fails_is_over_too() {
        Turns turns = new Turns(1, Duration.ofMillis(1), "manifests");
        for (int tries = 0; tries < 2; tries++) {
            assertThatThrownBy(() ->
                            turns.take(() -> {
                                throw new IOException("the disk");
                            }))
                    .isInstanceOf(IOException.class);
        }
    }
}
