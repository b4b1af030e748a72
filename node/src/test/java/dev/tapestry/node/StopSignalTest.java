package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.SafeFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StopSignalTest {

    @TempDir Path directory;

    @Test
    void a_file_that_a_stop_broke_off_is_a_stop_and_no_fault_of_the_disk() throws Exception {
        StopSignal stop = new StopSignal();
        Path file = directory.resolve("seen.json");
        AtomicReference<Throwable> end = new AtomicReference<>();
        Thread node =
                Thread.ofPlatform()
                        .uncaughtExceptionHandler((_, failure) -> end.set(failure))
                        .start(() ->
                                stop.interruptibly(() -> {
                                    while (true) {
                                        SafeFile.write(file, new byte[1 << 20]);
                                    }
                                }));
        await().until(() -> Files.exists(file));
        stop.request();
        assertThat(node.join(Duration.ofMinutes(1))).isTrue();
        assertThat(end.get())
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STOPPED));
        assertThat(file).as("it is whole").hasSize(1 << 20);
    }

    @Test
    void threads_that_a_stop_no_longer_waits_for_are_a_stop_and_no_fault_of_the_program() {
        StopSignal stop = new StopSignal();
        Runnable coding =
                () -> {
                    stop.request();
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException("interrupted while groups are coded", e);
                    }
                };
        assertThatThrownBy(() -> stop.interruptibly(coding))
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STOPPED));
    }

    @Test
    void whoever_ends_the_work_gives_the_reason_unless_a_stop_was_asked_for_before() {
        NodeException revoked = new NodeException(Code.REVOKED, "you left");
        StopSignal ended = new StopSignal();
        ended.end(revoked);
        ended.request();
        assertThatThrownBy(ended::check)
                .hasMessage("you left")
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.REVOKED));

        StopSignal asked = new StopSignal();
        asked.request();
        asked.end(revoked);
        assertThatThrownBy(asked::check)
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STOPPED));
    }

    @Test
    void a_wait_that_is_broken_off_ends_with_the_reason_for_it() {
        StopSignal stop = new StopSignal();
        Runnable waiting =
                () -> {
                    stop.end(new NodeException(Code.REVOKED, "you left"));
                    throw new NodeException(Code.STOPPED, "interrupted");
                };
        assertThatThrownBy(() -> stop.interruptibly(waiting))
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.REVOKED));
    }

    @Test
    void work_that_is_called_off_ends_and_what_comes_after_it_does_not() {
        StopSignal stop = new StopSignal();
        StopSignal.Work work = stop.begin();
        work.callOff(new NodeException(Code.ROUND_OVER, "too late"));
        work.callOff(new NodeException(Code.ROUND_OVER, "told twice"));
        assertThatThrownBy(stop::check).hasMessage("too late");
        work.close();
        stop.check();
        try (StopSignal.Work next = stop.begin()) {
            work.callOff(new NodeException(Code.ROUND_OVER, "of the work before"));
            stop.check();
            stop.request();
            next.callOff(new NodeException(Code.ROUND_OVER, "after all"));
            assertThatThrownBy(stop::check)
                    .as("a node that is to stop says so")
                    .isInstanceOfSatisfying(
                            NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STOPPED));
        }
    }

    @Test
    void a_wait_ends_when_its_work_is_called_off() {
        StopSignal stop = new StopSignal();
        try (StopSignal.Work work = stop.begin()) {
            Runnable waiting =
                    () -> {
                        work.callOff(new NodeException(Code.ROUND_OVER, "too late"));
                        assertThat(Thread.currentThread().isInterrupted()).isTrue();
                        throw new NodeException(Code.STOPPED, "interrupted");
                    };
            assertThatThrownBy(() -> stop.interruptibly(waiting))
                    .isInstanceOfSatisfying(
                            NodeException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.ROUND_OVER));
        }
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }
}
