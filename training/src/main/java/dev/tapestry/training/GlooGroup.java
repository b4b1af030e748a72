package dev.tapestry.training;

import dev.tapestry.training.Rendezvous.Address;
import dev.tapestry.training.Rendezvous.SharedFile;
import dev.tapestry.training.TrainingException.Code;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.SizeTPointer;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.FileStore;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.StringVector;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch_gloo;
import org.bytedeco.pytorch.gloo.Device;
import org.jspecify.annotations.Nullable;

/**
 * A group over TCP, by libtorch's Gloo.
 *
 * <p>Beside Gloo's connections stands the store of the rendezvous, in which each rank leaves words
 * of its own: {@code here/RANK} when it comes, and {@code last/RANK} when it stops, with the
 * reason, or empty if another's end stopped it. So a rank whose connection broke finds out whose
 * end it was.
 */
final class GlooGroup extends ProcessGroup {

    private static final Duration POLL = Duration.ofMillis(20);

    /** How long ranks that have lost another wait for each other's last words. */
    private static final Duration ROLL_CALL = Duration.ofSeconds(5);

    private static final int GLOO_THREADS = 2;

    private final GroupPlan plan;
    private final NativeTensors meeting = new NativeTensors();
    private final NativeTensors connections = new NativeTensors();
    private final Store store;
    private final ProcessGroupGloo gloo;
    private boolean left;

    private GlooGroup(GroupPlan plan) {
        this.plan = plan;
        try (PointerScope _ = new PointerScope()) {
            store = meeting.keep(store(plan));
            waitForAll();
            ProcessGroupGloo.Options options = ProcessGroupGloo.Options.create(milliseconds(plan));
            options.devices(new GlooDeviceVector(device(plan)));
            options.threads(GLOO_THREADS);
            try (StandardOutput _ = StandardOutput.toStandardError()) { // it tells of its peers
                gloo =
                        connections.keep(
                                new ProcessGroupGloo(store, plan.rank(), plan.size(), options));
            }
        } catch (RuntimeException e) {
            connections.close();
            meeting.close();
            throw e instanceof TrainingException
                    ? e
                    : unmet(plan, "is not to be had: " + firstLine(e), e);
        }
    }

    static GlooGroup meet(GroupPlan plan) {
        Libtorch.load();
        Libtorch.load(torch_gloo.class);
        return new GlooGroup(plan);
    }

    private static Store store(GroupPlan plan) {
        Store store =
                switch (plan.rendezvous()) {
                    case SharedFile(Path file) -> {
                        // The store itself would try for five minutes.
                        if (!Files.isWritable(file.resolveSibling("."))) {
                            throw unmet(plan, "lies in no folder that may be written to", null);
                        }
                        yield new FileStore(file.toString(), plan.size());
                    }
                    case Address(String host, int port) -> {
                        TCPStoreOptions options = new TCPStoreOptions();
                        options.port((short) port); // unsigned there
                        options.isServer(plan.rank() == 0);
                        options.numWorkers(new SizeTPointer(1).put(plan.size()));
                        options.waitWorkers(false);
                        options.useLibUV(false); // the binding is built without it
                        options.timeout(milliseconds(plan));
                        yield new TCPStore(host, options);
                    }
                };
        store.setTimeout(milliseconds(plan));
        return store;
    }

    private static Device device(GroupPlan plan) {
        return plan.address()
                .map(ProcessGroupGloo::createDeviceForHostname)
                .orElseGet(ProcessGroupGloo::createDefaultDevice);
    }

    private static Milliseconds milliseconds(GroupPlan plan) {
        return new Milliseconds(plan.timeout().toMillis());
    }

    private void waitForAll() {
        say("here", "");
        List<Integer> missing = waited("here", plan.timeout());
        if (Thread.currentThread().isInterrupted()) {
            throw unmet(
                    plan, "was interrupted before rank %s came".formatted(ranks(missing)), null);
        }
        if (!missing.isEmpty()) {
            throw unmet(
                    plan,
                    "had no rank %s within %s: look whether it runs, and was given the same rendezvous and size"
                            .formatted(ranks(missing), plan.timeout()),
                    null);
        }
    }

    private static TrainingException unmet(GroupPlan plan, String what, @Nullable Throwable e) {
        String message =
                "rank %d of %d: the rendezvous %s %s"
                        .formatted(plan.rank(), plan.size(), plan.rendezvous(), what);
        return e == null
                ? new TrainingException(Code.RENDEZVOUS, message)
                : new TrainingException(Code.RENDEZVOUS, message, e);
    }

    @Override
    public int rank() {
        return plan.rank();
    }

    @Override
    public int size() {
        return plan.size();
    }

    @Override
    void sum(Tensor tensor) {
        try (PointerScope _ = new PointerScope()) {
            gloo.allreduce(new TensorVector(tensor))._wait();
        } catch (RuntimeException e) {
            throw lost(e);
        }
    }

    /** Says whose end it was that broke a connection. */
    private TrainingException lost(RuntimeException cause) {
        connections.close(); // now all others notice it too
        leave("");
        String culprits;
        try {
            List<Integer> silent = waited("last", ROLL_CALL);
            culprits =
                    IntStream.range(0, size())
                            .filter(rank -> !silent.contains(rank))
                            .filter(rank -> !word("last", rank).isEmpty())
                            .mapToObj(rank ->
                                    "rank %d stopped: %s".formatted(rank, word("last", rank)))
                            .collect(Collectors.joining("; "));
            if (culprits.isEmpty()) {
                culprits =
                        silent.isEmpty()
                                ? "all ranks run, but a connection between them broke"
                                : "rank %s ended, or does not answer".formatted(ranks(silent));
            }
        } catch (RuntimeException e) {
            culprits = "rank 0, which holds the rendezvous, ended or does not answer";
        }
        return new TrainingException(
                Code.WORKER_LOST,
                "rank %d of %d cannot go on: %s (%s); look at what that process said, and start all of them again"
                        .formatted(rank(), size(), culprits, firstLine(cause)),
                cause);
    }

    @Override
    public void leave(String reason) {
        if (!left) {
            left = true;
            try {
                say("last", reason);
            } catch (RuntimeException e) {
                // rank 0 has taken the store with it
            }
        }
    }

    private void say(String key, String word) {
        // Never empty: a file store takes an empty value for none.
        store.set(key + "/" + rank(), "." + word);
    }

    private String word(String key, int rank) {
        return store.get_to_str(key + "/" + rank).substring(1);
    }

    /** Waits until all ranks have said this word; returns those that have not. */
    private List<Integer> waited(String key, Duration patience) {
        long until = System.nanoTime() + patience.toNanos();
        List<Integer> missing = missing(key);
        try {
            while (!missing.isEmpty() && System.nanoTime() - until < 0) {
                TimeUnit.NANOSECONDS.sleep(POLL.toNanos());
                missing = missing(key);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return missing;
    }

    private List<Integer> missing(String key) {
        List<Integer> missing = new ArrayList<>();
        for (int rank = 0; rank < size(); rank++) {
            try (PointerScope _ = new PointerScope()) {
                if (!store.check(new StringVector(key + "/" + rank))) {
                    missing.add(rank);
                }
            }
        }
        return missing;
    }

    private static String ranks(List<Integer> ranks) {
        return ranks.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }

    private static String firstLine(RuntimeException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    @Override
    public void close() {
        leave("it ended without a reason");
        connections.close();
        meeting.close();
    }
}
