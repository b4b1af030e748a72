package dev.tapestry.app.bench;

import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.trust.certificate.TlsIdentity;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Whole rounds without training: a coordinator and member nodes, each a process with 256 MiB of
 * heap, exchange models over mutual TLS.
 *
 * <p>A round counts from the steward's start until the last node has verified the published base in
 * the log: nodes hash, sign and send their weights, the coordinator validates, merges and serves
 * the candidate, nodes fetch and score it. Before it, uncounted, every node fetches the base and
 * writes noisy weights; the noise stands for training. After each round the {@link Floor} is
 * measured, so that both have the same neighbours on a shared machine. Some rounds of each warm the
 * compilers and do not count: coordinators and nodes run for weeks.
 */
final class RoundBenchmark {

    private static final long SEED = 20261123;

    private final Settings settings;
    private final Scratch scratch;
    private final Output output;

    /**
     * What is measured.
     *
     * @param sizeMb of the model's fp32 weights, in 10⁶ bytes
     * @param members that take part
     * @param rounds that count
     * @param warmUps rounds before them
     */
    record Settings(int sizeMb, int members, int rounds, int warmUps) {}

    /**
     * What came out.
     *
     * @param floorSeconds median of the floor
     * @param rssMb most memory resident in each process, in MiB
     * @param bytesUp of HTTP bodies that all members sent in a round
     * @param bytesDown that all members received in a round
     */
    record Report(
            int sizeMb,
            int members,
            int rounds,
            double secondsPerRoundMedian,
            double secondsPerRoundMin,
            double floorSeconds,
            PeakMemory rssMb,
            long bytesUp,
            long bytesDown) {}

    /** VmHWM of the coordinator and of the node that had most, in MiB. */
    record PeakMemory(long coordinator, long nodeMax) {}

    private record Measured(double seconds, long up, long down) {}

    RoundBenchmark(Settings settings, Scratch scratch, Output output) {
        this.settings = settings;
        this.scratch = scratch;
        this.output = output;
    }

    Report run() {
        Path directory = scratch.directory().resolve("coordinator");
        output.tell("working in %s", scratch.directory());
        found(directory);
        Child coordinator = scratch.start(CoordinatorProcess.class, directory.toString());
        URI address = URI.create(coordinator.answer("listening").getFirst());
        try (StewardClient steward =
                new StewardClient(address, TlsIdentity.open(directory.resolve("steward")))) {
            List<Child> members = join(steward);
            List<Measured> rounds = new ArrayList<>();
            List<Double> floors = new ArrayList<>();
            for (int i = 1 - settings.warmUps(); i <= settings.rounds(); i++) {
                prepare(members);
                double[] cpu = {cpuSeconds(coordinator, members), 0, 0};
                Measured round = round(steward, members);
                cpu[1] = cpuSeconds(coordinator, members);
                double floor = floor(directory, members);
                cpu[2] = cpuSeconds(coordinator, members);
                output.tell(
                        "round %d: %.2f s (%.2f s of processors), floor %.2f s (%.2f s)%s",
                        i,
                        round.seconds(),
                        cpu[1] - cpu[0],
                        floor,
                        cpu[2] - cpu[1],
                        i < 1 ? ": warm-up" : "");
                if (i >= 1) {
                    rounds.add(round);
                    floors.add(floor);
                }
            }
            List<Double> seconds = rounds.stream().map(Measured::seconds).toList();
            return new Report(
                    settings.sizeMb(),
                    settings.members(),
                    settings.rounds(),
                    median(seconds),
                    seconds.stream().min(Double::compare).orElseThrow(),
                    median(floors),
                    new PeakMemory(
                            coordinator.peakMebibytes(),
                            members.stream().mapToLong(Child::peakMebibytes).max().orElse(0)),
                    rounds.stream().mapToLong(Measured::up).sum() / settings.rounds(),
                    rounds.stream().mapToLong(Measured::down).sum() / settings.rounds());
        }
    }

    private void found(Path directory) {
        Path seed = scratch.directory().resolve("seed");
        SyntheticModel.base(seed, settings.sizeMb(), SEED);
        BenchConsortium.found(directory, seed, settings.members());
        Scratch.delete(seed);
    }

    private List<Child> join(StewardClient steward) {
        List<Child> members = new ArrayList<>();
        for (int i = 1; i <= settings.members(); i++) {
            String name = "member-" + i;
            String token = steward.invite(new MemberId(name), Duration.ofHours(1));
            members.add(
                    scratch.start(
                            MemberProcess.class,
                            scratch.directory().resolve(name).toString(),
                            token));
        }
        members.forEach(member -> member.answer("joined"));
        return members;
    }

    private static void prepare(List<Child> members) {
        members.forEach(member -> member.order("prepare"));
        members.forEach(member -> member.answer("prepared"));
    }

    private static double cpuSeconds(Child coordinator, List<Child> members) {
        ProcessHandle.Info own = ProcessHandle.current().info();
        return own.totalCpuDuration().map(spent -> spent.toNanos() / 1e9).orElse(0.0)
                + coordinator.cpuSeconds()
                + members.stream().mapToDouble(Child::cpuSeconds).sum();
    }

    private static Measured round(StewardClient steward, List<Child> members) {
        members.forEach(member -> member.order("round"));
        long begun = System.nanoTime();
        steward.start(plan());
        List<List<String>> traffic =
                members.stream().map(member -> member.answer("published")).toList();
        double seconds = (System.nanoTime() - begun) / 1e9;
        return new Measured(
                seconds,
                traffic.stream().mapToLong(words -> Long.parseLong(words.getFirst())).sum(),
                traffic.stream().mapToLong(words -> Long.parseLong(words.getLast())).sum());
    }

    private double floor(Path directory, List<Child> members) {
        try (Floor floor =
                Floor.serve(
                        TlsIdentity.open(directory.resolve("identity")),
                        Floor.STREAMS * members.size(),
                        scratch.directory()
                                .resolve("member-1/outbox/weights", SyntheticModel.SHARD))) {
            long begun = System.nanoTime();
            members.forEach(member -> member.order("floor " + floor.port()));
            members.forEach(member -> member.answer("floored"));
            return (System.nanoTime() - begun) / 1e9;
        }
    }

    /** One round; nobody trains by what it says. */
    static RunPlan plan() {
        return new RunPlan(
                1,
                new LocalTraining(
                        1,
                        LocalTraining.Optimizer.ADAMW,
                        0.001,
                        0.1,
                        LocalTraining.Schedule.COSINE,
                        0,
                        1000,
                        1,
                        16,
                        0.1,
                        1,
                        SEED),
                MergeRule.fedAvg(),
                1000);
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }
}
