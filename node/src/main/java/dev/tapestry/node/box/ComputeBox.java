package dev.tapestry.node.box;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.node.NodeEvent.Receipt;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeLog;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.egress.ReceiptBook;
import dev.tapestry.node.egress.StoreAddress;
import dev.tapestry.node.egress.StoreGate;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A box in an object store, as the machine sees it that computes: it takes the gateway's orders
 * into a working copy, and gives what was done there to the store. What passes has its receipts in
 * the log of the working directory. One process at a time has the copy. Thread-safe.
 */
public final class ComputeBox implements BoxLink, AutoCloseable {

    /** So often the steps of a training are told. */
    private static final Duration TELLING = Duration.ofSeconds(10);

    private final NodeHome work;
    private final InstantSource clock;
    private final FileChannel lock;
    private final StoreGate gate;
    private final WorkingCopy copy;
    private final BoxStore store;
    private final List<Receipt> receipts;
    private final AtomicBoolean telling = new AtomicBoolean();
    private volatile Instant told = Instant.MIN;

    private ComputeBox(
            NodeHome work,
            InstantSource clock,
            FileChannel lock,
            StoreGate gate,
            Path place,
            List<Receipt> receipts) {
        this.work = work;
        this.clock = clock;
        this.lock = lock;
        this.gate = gate;
        this.copy = new WorkingCopy(new DropBox(place.resolve("box")));
        this.store = new BoxStore(gate, copy, place.resolve("arrivals"));
        this.receipts = receipts;
    }

    /**
     * Opens the working copy of the box that lies there.
     *
     * @param work what is kept on this machine from round to round
     * @throws NodeException {@code STORE_REFUSED} without keys; {@code STORAGE}, also while another
     *     process has the copy
     */
    public static ComputeBox open(StoreAddress address, NodeHome work, InstantSource clock) {
        List<Receipt> receipts = Collections.synchronizedList(new ArrayList<>());
        return open(
                StoreGate.to(address, new ReceiptBook(receipts::addAll, clock)),
                receipts,
                work,
                clock);
    }

    /**
     * The same by a way that is open already.
     *
     * @param receipts what passes it, until it is written into the log
     */
    public static ComputeBox open(
            StoreGate gate, List<Receipt> receipts, NodeHome work, InstantSource clock) {
        Path place = work.boxes().resolve(gate.address().folder());
        try {
            Files.createDirectories(place);
            FileChannel lock =
                    FileChannel.open(
                            place.resolve(".lock"),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
            if (!locked(lock)) {
                lock.close();
                throw new NodeException(
                        Code.STORAGE,
                        "another process works in %s; wait until it ends".formatted(place));
            }
            return new ComputeBox(work, clock, lock, gate, place, receipts);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot work in " + place + ": " + e, e);
        }
    }

    private static boolean locked(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    /** The working copy. */
    public DropBox box() {
        return copy.box();
    }

    /**
     * Takes the gateway's orders.
     *
     * @throws NodeException {@code NOT_A_BOX}, {@code BOX_INCOMPLETE}, {@code BOX_DAMAGED}; {@code
     *     STORE_REFUSED}, {@code STORE_UNREACHABLE}, {@code STORAGE}
     */
    @Override
    public synchronized void take() {
        if (!store.take(BoxHalf.ORDERS, _ -> true, copy::layOrders)) {
            throw new NodeException(
                    Code.NOT_A_BOX,
                    "%s holds no round (no orders.json); 'tapestry round fetch' at the gateway puts it there"
                            .formatted(gate.address()));
        }
        settle();
    }

    /**
     * Gives what was done, or how far it is.
     *
     * @throws NodeException {@code STORE_REFUSED}, {@code STORE_UNREACHABLE}, {@code STORAGE}
     */
    @Override
    public synchronized void give() {
        offer();
        settle();
    }

    private synchronized void offer() {
        Optional<String> asked = copy.work();
        if (asked.isEmpty()) {
            return;
        }
        SortedMap<String, Path> files = new TreeMap<>(copy.results());
        if (!box().isDone()) {
            files.keySet().retainAll(List.of("metrics.jsonl"));
            files.replaceAll((_, metrics) -> store.snapshot(metrics));
        }
        store.give(BoxHalf.RESULTS, asked, files);
        store.clear();
    }

    /**
     * Tells the gateway of the steps of a training from time to time; that it cannot hinders
     * nobody.
     */
    public NodeProgress telling() {
        return update -> {
            if (update instanceof NodeUpdate.Stepped
                    && !clock.instant().isBefore(told.plus(TELLING))
                    && telling.compareAndSet(false, true)) {
                told = clock.instant();
                Thread.ofVirtual().name("steps-to-the-box").start(this::tell);
            }
        };
    }

    private synchronized void tell() {
        try {
            if (lock.isOpen()) {
                offer();
            }
        } catch (NodeException _) {
            // The next time, or with the result.
        } finally {
            telling.set(false);
        }
    }

    @Override
    public Duration pace() {
        return TELLING;
    }

    /** Receipts wait until nobody else has the log open. */
    private void settle() {
        MemberId member = box().read().member();
        try (NodeLog log = NodeLog.open(work.log(), member)) {
            synchronized (receipts) {
                log.append(List.copyOf(receipts));
                receipts.clear();
            }
        }
    }

    @Override
    public synchronized void close() {
        try {
            gate.close();
            lock.close();
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot end the work: " + e, e);
        }
    }
}
