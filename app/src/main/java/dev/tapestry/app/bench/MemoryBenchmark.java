package dev.tapestry.app.bench;

import dev.tapestry.app.bench.BenchException.Code;
import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.app.study.StudyFiles;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Wire;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * One round without training, in which memory is what counts and disk is what is scarce: members
 * take turns, and delete their models when their contribution is in and when their score is.
 */
final class MemoryBenchmark {

    /** What the launcher gives a coordinator. */
    static final int COORDINATOR_HEAP = 512;

    /** What a coordinator is to stay below, whatever the model and however many members, in MiB. */
    static final long COORDINATOR_BOUND = 1024;

    /** What a node is to stay below where it does not train, in MiB. */
    static final long MEMBER_BOUND = 512;

    private static final long SEED = 20261127;

    private final Settings settings;
    private final Scratch scratch;
    private final Output output;

    /**
     * What is measured.
     *
     * @param sizeMb of the model's F32 weights, in 10⁶ bytes
     * @param shards that it has
     * @param bf16 whether members contribute BF16
     * @param coded how updates travel; empty for whole weights
     * @param atOnce members that fetch, send or score at the same time
     * @param perProcess members in one process, which do everything at the same time
     */
    record Settings(
            int sizeMb,
            int shards,
            int members,
            int atOnce,
            int perProcess,
            boolean bf16,
            Optional<String> coded) {

        /** What is particular about it. */
        String words() {
            return coded.map(codec -> ", coded " + codec).orElse(bf16 ? ", sent in BF16" : "");
        }

        /** The models' sizes of disk that are in use at once, at most. */
        double models() {
            double sent = bf16 ? 0.5 : coded.isPresent() ? 1.15 : 1;
            double central = 1 + members * sent;
            // Base, what was trained, what coding has lost, and the update.
            double contributing = atOnce * (coded.isPresent() ? 3.3 : 1 + sent);
            // Candidate and momentum; before and after coding, and what that has lost.
            double merging = coded.isPresent() ? 5 : 2;
            double fetching = (coded.isPresent() ? 3 : 2) + atOnce;
            return central + Math.max(merging, Math.max(contributing, fetching));
        }
    }

    MemoryBenchmark(Settings settings, Scratch scratch, Output output) {
        this.settings = settings;
        this.scratch = scratch;
        this.output = output;
    }

    MemoryReport run() throws IOException {
        requireRoom();
        output.tell("working in %s", scratch.directory());
        Path directory = scratch.directory().resolve("coordinator");
        long bytes = found(directory);
        output.tell("founded with a base of %,d bytes", bytes);
        Child coordinator =
                scratch.start(COORDINATOR_HEAP, CoordinatorProcess.class, directory.toString());
        URI address = URI.create(coordinator.answer("listening").getFirst());
        try (StewardClient steward =
                new StewardClient(address, TlsIdentity.open(directory.resolve("steward")))) {
            List<Child> members = join(steward);
            steward.start(plan());
            long begun = System.nanoTime();
            try (MemoryWatch watch = new MemoryWatch(coordinator, members)) {
                new Round(watch, members).play();
                double seconds = (System.nanoTime() - begun) / 1e9;
                return report(bytes, seconds, watch, coordinator, members);
            }
        }
    }

    private void requireRoom() throws IOException {
        long needed = (long) (settings.models() * settings.sizeMb() * 1e6);
        long room = Files.getFileStore(scratch.directory()).getUsableSpace();
        if (needed > room) {
            throw new BenchException(
                    Code.STORAGE,
                    "about %,d bytes are needed, %,d are free in %s: a smaller model, fewer members, or another --dir"
                            .formatted(needed, room, scratch.directory()));
        }
    }

    private long found(Path directory) {
        Path seed = scratch.directory().resolve("seed");
        SyntheticModel.base(seed, settings.sizeMb(), settings.shards(), SEED);
        long bytes = bytes(seed);
        BenchConsortium.found(directory, seed, settings.members());
        Scratch.delete(seed);
        return bytes;
    }

    private static long bytes(Path model) {
        try (ModelDirectory opened = ModelDirectory.open(model)) {
            return opened.bytes();
        }
    }

    private List<Child> join(StewardClient steward) {
        DType dtype = settings.bf16() ? DType.BF16 : DType.F32;
        List<Child> processes = new ArrayList<>();
        for (int first = 1; first <= settings.members(); first += settings.perProcess()) {
            List<String> arguments = new ArrayList<>(List.of(dtype.name()));
            int last = Math.min(settings.members(), first + settings.perProcess() - 1);
            for (int i = first; i <= last; i++) {
                String name = "member-" + i;
                arguments.add(scratch.directory().resolve(name).toString());
                arguments.add(steward.invite(new MemberId(name), Duration.ofHours(1)));
            }
            processes.add(
                    scratch.start(
                            settings.perProcess() * Scratch.HEAP_MEBIBYTES,
                            MembersProcess.class,
                            arguments.toArray(String[]::new)));
        }
        processes.forEach(process -> process.answer("joined"));
        return processes;
    }

    private RunPlan plan() {
        return settings.coded()
                .map(CodecName::new)
                .map(codec -> new Wire(Optional.of(codec), Optional.of(codec)))
                .map(RoundBenchmark.plan()::over)
                .orElse(RoundBenchmark.plan());
    }

    /** One round of all members. */
    private final class Round {
        private final MemoryWatch watch;
        private final List<Child> members;

        Round(MemoryWatch watch, List<Child> members) {
            this.watch = watch;
            this.members = members;
        }

        void play() {
            inTurns(
                    List.of(
                            RoundStep.BASE,
                            RoundStep.WRITE,
                            RoundStep.PACK,
                            RoundStep.SEND,
                            RoundStep.SEAL,
                            RoundStep.TIDY));
            take(members.getFirst(), RoundStep.MERGE);
            inTurns(List.of(RoundStep.CANDIDATE, RoundStep.SCORE, RoundStep.TIDY));
            inTurns(List.of(RoundStep.PUBLISH));
        }

        private void inTurns(List<RoundStep> steps) {
            try (ExecutorService threads =
                    Executors.newFixedThreadPool(settings.atOnce() / settings.perProcess())) {
                List<Callable<Void>> tasks = new ArrayList<>();
                for (Child member : members) {
                    tasks.add(() -> {
                        steps.forEach(step -> take(member, step));
                        return null;
                    });
                }
                for (Future<Void> done : threads.invokeAll(tasks)) {
                    done.get();
                }
            } catch (ExecutionException e) {
                if (e.getCause() instanceof BenchException known) {
                    throw known;
                }
                throw new BenchException(Code.PROCESS, "the round broke: " + e.getCause(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new BenchException(Code.STOPPED, "interrupted", e);
            }
        }

        private void take(Child member, RoundStep step) {
            long begun = System.nanoTime();
            watch.during(
                    member,
                    step,
                    () -> {
                        member.order("step " + step);
                        return Long.parseLong(member.answer("stepped").getFirst());
                    });
            output.tell(
                    "%s %d of %d: %s in %.1f s",
                    settings.perProcess() == 1 ? "member" : "process",
                    members.indexOf(member) + 1,
                    members.size(),
                    MemoryReport.word(step),
                    (System.nanoTime() - begun) / 1e9);
        }
    }

    private MemoryReport report(
            long bytes, double seconds, MemoryWatch watch, Child coordinator, List<Child> members)
            throws IOException {
        List<MemoryWatch.Moment> moments = watch.moments();
        Resident central = coordinator.resident();
        Resident largest = Resident.NONE;
        for (MemoryWatch.Moment moment : moments) {
            central = central.max(moment.coordinator());
            largest = largest.max(moment.member());
        }
        for (Child member : members) {
            largest = largest.max(member.resident());
        }
        List<MemoryReport.Row> rows = new ArrayList<>();
        for (Map.Entry<RoundStep, MemoryWatch.Stretch> step : watch.stretches().entrySet()) {
            MemoryWatch.Stretch stretch = step.getValue();
            double moved = moved(step.getKey(), stretch.bytes(), bytes) / 1e6;
            rows.add(
                    new MemoryReport.Row(
                            MemoryReport.word(step.getKey()),
                            stretch.seconds(),
                            moved,
                            moved / stretch.seconds(),
                            MemoryReport.Figures.of(stretch.coordinator()),
                            MemoryReport.Figures.of(stretch.member())));
        }
        return new MemoryReport(
                StudyFiles.commit(),
                Runtime.getRuntime().availableProcessors(),
                machine() >> 20,
                settings,
                bytes,
                seconds,
                MemoryReport.Program.of(COORDINATOR_HEAP, COORDINATOR_BOUND, central),
                MemoryReport.Program.of(
                        (long) settings.perProcess() * Scratch.HEAP_MEBIBYTES,
                        settings.perProcess() * MEMBER_BOUND,
                        largest),
                rows,
                MemoryReport.curve(moments));
    }

    /** Bytes of F32 that a step is about, where it is not about bytes on the line. */
    private long moved(RoundStep step, long onTheLine, long model) {
        return switch (step) {
            case BASE, SEND, CANDIDATE -> onTheLine;
            case WRITE, PACK, SEAL, MERGE -> model * settings.members();
            case TIDY, SCORE, PUBLISH -> 0;
        };
    }

    private static long machine() {
        return ManagementFactory.getOperatingSystemMXBean()
                        instanceof com.sun.management.OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : 0;
    }
}
