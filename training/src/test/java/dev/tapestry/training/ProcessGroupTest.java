package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.training.GroupedTraining.Trouble;
import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.net.BindException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Groups that train one model together: real processes where their being processes matters,
 * otherwise threads, each with a group of its own over real connections.
 */
@Timeout(600)
class ProcessGroupTest {

    private static final int FOREVER = 1_000_000;
    private static final Duration TIMEOUT = Duration.ofMinutes(2);
    private static final Duration SHORT = Duration.ofSeconds(2);

    @TempDir Path directory;

    private final List<Worker> workers = new ArrayList<>();
    private int files;

    @AfterEach
    void none_is_left_behind() throws InterruptedException {
        for (Worker worker : workers) {
            worker.process().destroyForcibly().waitFor();
        }
    }

    @Test
    void two_processes_take_the_steps_that_one_takes_with_the_joint_batch() throws IOException {
        List<Double> expected = new ArrayList<>();
        float[] alone;
        try (Trainer one =
                Trainer.begin(
                        GroupedTraining.model(), GroupedTraining.PLAN, GroupedTraining.text())) {
            for (int i = 0; i < 8; i++) {
                expected.add(one.step().loss());
            }
            alone = weights(one.model());
        }

        List<Worker> group = start("127.0.0.1:" + freePort(), 8);

        assertThat(group).allSatisfy(worker -> assertThat(worker.end()).isEqualTo("done"));
        List<Double> losses = group.getFirst().losses();
        assertThat(group.getLast().losses()).isEqualTo(losses).hasSize(8);
        for (int i = 0; i < 8; i++) {
            assertThat(losses.get(i)).isCloseTo(expected.get(i), within(1e-4));
        }
        assertThat(distance(exported(), alone)).isLessThan(1e-4);
    }

    @Test
    void when_a_process_is_killed_the_other_says_so_and_a_new_group_goes_on_bit_by_bit()
            throws IOException {
        assertThat(together(2, 5, Trouble.NONE, TIMEOUT)).containsOnly("done");
        float[] uninterrupted = exported();
        clear(directory.resolve("model"));
        Files.delete(directory.resolve(GroupedTraining.CHECKPOINT));

        List<Worker> group = start(file(), FOREVER);
        group.forEach(Worker::trainsForAWhile);
        group.getLast().process().destroyForcibly();
        assertThat(group.getFirst().end())
                .startsWith("WORKER_LOST rank 0 of 2 cannot go on: rank 1 ended")
                .endsWith("start all of them again");

        assertThat(together(2, 3, Trouble.NONE, TIMEOUT)).containsOnly("done");
        assertThat(exported()).isEqualTo(uninterrupted);
    }

    @Test
    void when_rank_0_is_killed_with_the_rendezvous_the_other_says_so() throws IOException {
        List<Worker> group = start("127.0.0.1:" + freePort(), FOREVER);
        group.forEach(Worker::trainsForAWhile);
        group.getFirst().process().destroyForcibly();
        assertThat(group.getLast().end())
                .startsWith(
                        "WORKER_LOST rank 1 of 2 cannot go on: rank 0, which holds the rendezvous");
    }

    @Test
    void four_share_a_batch_of_four() {
        assertThat(together(4, 3, Trouble.NONE, TIMEOUT)).hasSize(4).containsOnly("done");
    }

    @Test
    void when_one_of_four_hangs_the_others_know_which_after_the_timeout() {
        List<String> ends = together(4, FOREVER, Trouble.HANG, Duration.ofSeconds(15));
        for (int rank : new int[] {0, 2, 3}) {
            assertThat(ends.get(rank))
                    .startsWith(
                            "WORKER_LOST rank %d of 4 cannot go on: rank 1 ended, or does not answer"
                                    .formatted(rank));
        }
    }

    @Test
    void one_that_stops_tells_the_others_why() {
        assertThat(together(2, FOREVER, Trouble.LEAVE, TIMEOUT).getFirst())
                .startsWith("WORKER_LOST rank 0 of 2 cannot go on: rank 1 stopped: it was told to");
    }

    @Test
    void a_loss_that_is_no_number_at_one_stops_all() {
        assertThat(together(2, FOREVER, Trouble.NAN_WEIGHTS, TIMEOUT))
                .allMatch(end -> end.startsWith("NON_FINITE the loss of step 3 is NaN"));
    }

    @Test
    void weights_that_drifted_apart_are_not_exported() {
        assertThat(together(2, 3, Trouble.DRIFT, TIMEOUT))
                .allMatch(end ->
                        end.startsWith(
                                "WORKERS_DIFFER of 2 processes rank 1 and rank 0 differ in the weights"));
        assertThat(directory.resolve("model")).doesNotExist();
    }

    @Test
    void different_plans_do_not_begin() {
        assertThat(together(2, 1, Trouble.OTHER_SEED, TIMEOUT))
                .allMatch(end ->
                        end.startsWith(
                                "WORKERS_DIFFER of 2 processes rank 1 and rank 0 differ in plan"));
    }

    @Test
    void at_a_wrong_rendezvous_nobody_is_waited_for_longer_than_the_timeout() throws IOException {
        assertUnmet("had no rank 1 within PT2S", 0, file());
        assertUnmet("had no rank 0 within PT2S", 1, file());
        assertUnmet("had no rank 1 within PT2S", 0, "127.0.0.1:" + freePort());
        assertUnmet("is not to be had", 1, "127.0.0.1:" + freePort());
        assertUnmet("in no folder", 0, directory.resolve("none/file").toString());
    }

    @Test
    void who_is_interrupted_waits_no_longer() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> ProcessGroup.join(GroupedTraining.place(0, 2, file(), TIMEOUT)))
                .hasMessageContaining("was interrupted before rank 1 came");
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void a_batch_without_equal_shares_is_refused_with_what_would_do() {
        TrainingPlan plan = GroupedTraining.PLAN;
        assertThat(plan.sequencesPerProcess(2)).isEqualTo(2);
        assertRefused(
                Code.INVALID_PLAN,
                "a batch of 4 sequences in 1 passes cannot be shared equally by 3 processes; start as many as divide 4",
                () -> plan.sequencesPerProcess(3));
        assertRefused(
                Code.INVALID_PLAN,
                "start as many as divide 2",
                () -> plan.withMemory(2, false).sequencesPerProcess(4));
    }

    @Test
    void a_place_that_cannot_be_is_refused() {
        assertNoPlace("ranks are 0 to 1", 2, 2, "file", TIMEOUT);
        assertNoPlace("size 0", 0, 0, "file", TIMEOUT);
        assertNoPlace("port 70000", 0, 2, "host:70000", TIMEOUT);
        assertNoPlace("timeout PT0S", 0, 2, "file", Duration.ZERO);
        assertThat(ProcessGroup.join(GroupedTraining.place(0, 1, "file", TIMEOUT)).size()).isOne();
    }

    /** A member of a group as a process. */
    private record Worker(Process process, Path log) {

        List<String> lines() {
            try {
                return Files.readAllLines(log);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        List<Double> losses() {
            return lines().stream()
                    .filter(line -> line.startsWith("loss "))
                    .map(line -> Double.valueOf(line.substring(5)))
                    .toList();
        }

        /** What it printed last, once it has ended. */
        String end() {
            Awaitility.await().atMost(TIMEOUT).until(() -> !process.isAlive());
            return lines().getLast();
        }

        void trainsForAWhile() {
            Awaitility.await()
                    .atMost(TIMEOUT)
                    .until(() -> losses().size() >= 3 || !process.isAlive());
            assertThat(process.isAlive()).as(() -> lines().toString()).isTrue();
        }
    }

    private List<Worker> start(String rendezvous, int steps) throws IOException {
        for (int rank = 0; rank < 2; rank++) {
            Path log = directory.resolve("log-" + rank);
            Process process =
                    new ProcessBuilder(
                                    Path.of(System.getProperty("java.home"), "bin", "java")
                                            .toString(),
                                    "--enable-native-access=ALL-UNNAMED",
                                    "--sun-misc-unsafe-memory-access=allow",
                                    "--add-modules=jdk.incubator.vector",
                                    "-XX:+UseSerialGC",
                                    "-XX:TieredStopAtLevel=1",
                                    "-Xmx128m",
                                    "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                                    "-cp",
                                    System.getProperty("java.class.path"),
                                    GroupedTraining.class.getName(),
                                    Integer.toString(rank),
                                    "2",
                                    rendezvous,
                                    Integer.toString(steps),
                                    directory.toString())
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile())
                            .start();
            workers.add(new Worker(process, log));
        }
        return List.copyOf(workers);
    }

    /**
     * A group of threads, of which rank 1 suffers the trouble; returns what each said last, by
     * rank.
     */
    private List<String> together(int size, int steps, Trouble trouble, Duration timeout) {
        String rendezvous = file();
        String[] ends = new String[size];
        List<Thread> threads =
                IntStream.range(0, size)
                        .mapToObj(rank -> {
                            GroupedTraining training =
                                    new GroupedTraining(
                                            GroupedTraining.place(rank, size, rendezvous, timeout),
                                            steps,
                                            directory,
                                            rank == 1 ? trouble : Trouble.NONE);
                            return Thread.ofPlatform()
                                    .name("rank " + rank)
                                    .start(() -> training.run(line -> ends[rank] = line));
                        })
                        .toList();
        try {
            for (int rank = 0; rank < size; rank++) {
                if (rank != 1) {
                    threads.get(rank).join();
                }
            }
            if (trouble == Trouble.HANG) {
                threads.get(1).interrupt();
            }
            threads.get(1).join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return List.of(ends);
    }

    private String file() {
        return directory.resolve("rendezvous-" + files++).toString();
    }

    private static int freePort() throws IOException {
        // Not one that the kernel gives to whoever asks for any: so it stays free until it is used.
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(10_000, 32_000);
            try (ServerSocket _ = new ServerSocket(port)) {
                return port;
            } catch (BindException _) {
                // Somebody has it; another one then.
            }
        }
    }

    private float[] exported() {
        try (ModelDirectory model = ModelDirectory.open(directory.resolve("model"));
                Llama llama = Llama.load(model)) {
            return weights(llama);
        }
    }

    private static void clear(Path model) throws IOException {
        try (var all = Files.list(model)) {
            for (Path file : all.toList()) {
                Files.delete(file);
            }
        }
    }

    private static float[] weights(Llama model) {
        return NativeTensors.memory(model.parameters().values()).toArray(ValueLayout.JAVA_FLOAT);
    }

    /** ‖a − b‖ / ‖b‖. */
    private static double distance(float[] a, float[] b) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < a.length; i++) {
            double d = (double) a[i] - b[i];
            difference += d * d;
            norm += (double) b[i] * b[i];
        }
        return Math.sqrt(difference / norm);
    }

    private static void assertUnmet(String message, int rank, String rendezvous) {
        assertRefused(
                Code.RENDEZVOUS,
                message,
                () -> ProcessGroup.join(GroupedTraining.place(rank, 2, rendezvous, SHORT)));
    }

    private static void assertNoPlace(
            String message, int rank, int size, String rendezvous, Duration timeout) {
        assertRefused(
                Code.INVALID_PLAN,
                message,
                () -> GroupedTraining.place(rank, size, rendezvous, timeout));
    }

    private static void assertRefused(Code code, String message, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        TrainingException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(message);
    }
}
