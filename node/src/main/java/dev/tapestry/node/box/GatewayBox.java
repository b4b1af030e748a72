package dev.tapestry.node.box;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.box.BoxInventory.Item;
import dev.tapestry.node.egress.StoreGate;
import dev.tapestry.node.trainer.JobFiles;
import dev.tapestry.node.trainer.TrainingJob;
import dev.tapestry.trust.TrustException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A box in an object store, as the gateway sees it: what it lays out in a working copy it gives to
 * the store, what compute has put there it takes into the copy. Thread-safe.
 */
public final class GatewayBox implements BoxLink, AutoCloseable {

    /** Each look is a request, which some stores bill. */
    private static final Duration PACE = Duration.ofSeconds(2);

    private final StoreGate gate;
    private final WorkingCopy copy;
    private final BoxStore store;

    /** The working copy is in the node's directory, which nobody else has open. */
    public GatewayBox(StoreGate gate, NodeHome home) {
        Path place = home.boxes().resolve(gate.address().folder());
        this.gate = gate;
        this.copy = new WorkingCopy(new DropBox(place.resolve("box")));
        this.store = new BoxStore(gate, copy, place.resolve("arrivals"));
    }

    /** The working copy. */
    public DropBox box() {
        return copy.box();
    }

    /**
     * Takes what compute has done of the orders here; what it has done of others is left alone.
     *
     * @throws NodeException {@code NOT_A_BOX}, {@code OTHER_MEMBER}, {@code BOX_INCOMPLETE}, {@code
     *     BOX_DAMAGED}; {@code STORE_REFUSED}, {@code STORE_UNREACHABLE}, {@code STORAGE}
     */
    @Override
    public synchronized void take() {
        claim();
        store.take(
                BoxHalf.RESULTS,
                done -> done.work().isPresent() && done.work().equals(copy.work()),
                this::lay);
    }

    /** Nobody else's is written over; a gateway that begins anew finds what it has put there. */
    private void claim() {
        boolean here = Files.exists(box().label());
        if (here) {
            orders().ifPresent(this::requireOwn);
        } else if (orders().isPresent()) {
            restore();
        } else if (store.holdsSomethingElse()) {
            throw new NodeException(
                    Code.NOT_A_BOX,
                    "%s holds something else, which would be in the way; name a prefix under which nothing is yet"
                            .formatted(gate.address()));
        }
    }

    private void restore() {
        try {
            store.take(BoxHalf.ORDERS, _ -> true, copy::layOrders);
        } catch (NodeException e) {
            throw foreign(e);
        }
    }

    private Optional<BoxInventory> orders() {
        try {
            return store.inventory(BoxHalf.ORDERS);
        } catch (NodeException e) {
            throw foreign(e);
        }
    }

    /** What is in this side's own half, and was not put there by it. */
    private NodeException foreign(NodeException e) {
        return e.code() == Code.BOX_DAMAGED || e.code() == Code.BOX_INCOMPLETE
                ? new NodeException(
                        Code.NOT_A_BOX,
                        "%s; or delete what is below %s, and fetch again"
                                .formatted(e.getMessage(), gate.address()),
                        e)
                : e;
    }

    private void requireOwn(BoxInventory orders) {
        Item label =
                orders.file("box.json")
                        .orElseThrow(() ->
                                new NodeException(
                                        Code.NOT_A_BOX,
                                        store.address(BoxHalf.ORDERS.inventory())
                                                + " lists no box.json"));
        if (copy.holds(label)) {
            return;
        }
        try {
            BoxLabel found = JobFiles.read(store.fetch(BoxHalf.ORDERS, label), BoxLabel.class);
            BoxLabel mine = box().read();
            if (!found.sameOwner(mine)) {
                throw new NodeException(
                        Code.OTHER_MEMBER,
                        "%s is the box of '%s' of '%s', not of '%s' of '%s'"
                                .formatted(
                                        gate.address(),
                                        found.member(),
                                        found.consortium(),
                                        mine.member(),
                                        mine.consortium()));
            }
        } catch (TrustException e) {
            throw new NodeException(
                    Code.NOT_A_BOX, gate.address() + ": box.json: " + e.getMessage(), e);
        }
    }

    private void lay(BoxInventory results, Map<Item, Path> arrivals) {
        Optional<Path> job = results.file("job.json").map(arrivals::get);
        if (job.isPresent() && !results.work().equals(work(job.get()))) {
            throw new NodeException(
                    Code.BOX_DAMAGED,
                    "the job.json that came back in %s is of another round; train again"
                            .formatted(gate.address()));
        }
        copy.layResults(results, arrivals);
    }

    private static Optional<String> work(Path job) {
        try {
            return Optional.of(WorkingCopy.work(TrainingJob.read(job)));
        } catch (NodeException e) {
            return Optional.empty();
        }
    }

    /**
     * Gives what is to be done, and what became of it.
     *
     * @throws NodeException {@code STORE_REFUSED}, {@code STORE_UNREACHABLE}, {@code STORAGE}
     */
    @Override
    public synchronized void give() {
        SortedMap<String, Path> files = new TreeMap<>(copy.orders());
        Optional<String> work = copy.work();
        if (work.isEmpty()) {
            files.keySet().retainAll(List.of("box.json", "answer.json"));
        }
        if (!files.isEmpty()) {
            store.give(BoxHalf.ORDERS, work, files);
        }
        store.clear();
    }

    @Override
    public Duration pace() {
        return PACE;
    }

    @Override
    public void close() {
        gate.close();
    }
}
