package dev.tapestry.app.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.app.demo.Job.Kind;
import dev.tapestry.consortium.LocalTraining;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class JobQueueTest {

    private static final LocalTraining TRAINING =
            new DemoSettings(DemoConsortium.HEALTH, 1, false, 1).sovereign();

    private final List<Job> jobs =
            Stream.of(
                            new Job(Kind.CENTRAL, "", "base", TRAINING),
                            new Job(Kind.SOVEREIGN, "ada", "base", TRAINING),
                            new Job(Kind.SOVEREIGN, "bela", "base", TRAINING),
                            new Job(Kind.ALONE, "ada", "base", TRAINING),
                            new Job(Kind.ALONE, "bela", "base", TRAINING))
                    .toList();

    @Test
    void a_member_never_has_two_jobs_at_once_however_many_processors_there_are() {
        JobQueue queue = new JobQueue(jobs, 100);
        assertThat(names(queue.begin()))
                .containsExactly("central", "sovereign-ada", "sovereign-bela");
        assertThat(queue.begin()).isEmpty();
        queue.ended(jobs.get(2));
        assertThat(names(queue.begin())).containsExactly("alone-bela");
        queue.ended(jobs.get(1));
        assertThat(names(queue.begin())).containsExactly("alone-ada");
        assertThat(queue.isDone()).isFalse();
        List.of(jobs.get(0), jobs.get(3), jobs.get(4)).forEach(queue::ended);
        assertThat(queue.isDone()).isTrue();
    }

    @Test
    void there_are_no_more_jobs_at_once_than_processors() {
        JobQueue queue = new JobQueue(jobs, 2);
        assertThat(names(queue.begin())).containsExactly("central", "sovereign-ada");
        assertThat(queue.begin()).isEmpty();
        queue.ended(jobs.get(0));
        assertThat(names(queue.begin())).containsExactly("sovereign-bela");
    }

    private static List<String> names(List<Job> jobs) {
        return jobs.stream().map(Job::name).toList();
    }
}
