package dev.tapestry.node.box;

import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.box.BoxInventory.Item;
import dev.tapestry.node.egress.StoreGate;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.BiConsumer;
import java.util.function.Predicate;

/**
 * What lies in an object store, half by half. A file is put under its digest, so that it never
 * changes there, and is put, and fetched, once; the inventory, a single object, makes it count.
 * Whatever is cut off goes on with what is missing. Not thread-safe.
 */
final class BoxStore {

    /** So often a half may be replaced while it is fetched. */
    private static final int ATTEMPTS = 5;

    private final StoreGate gate;
    private final WorkingCopy copy;

    /** Files by their digests, until all of them are here. */
    private final Path arrivals;

    BoxStore(StoreGate gate, WorkingCopy copy, Path arrivals) {
        this.gate = gate;
        this.copy = copy;
        this.arrivals = arrivals;
    }

    /** The address of something there, for people. */
    String address(String name) {
        return gate.address() + "/" + name;
    }

    /**
     * What one side has put there.
     *
     * @throws NodeException {@code BOX_DAMAGED}
     */
    Optional<BoxInventory> inventory(BoxHalf half) {
        Path file = arrivals.resolve(half.inventory());
        try {
            return gate.fetch(half.inventory(), file, BoxInventory.MOST_BYTES)
                    ? Optional.of(
                            BoxInventory.read(
                                    Files.readAllBytes(file), half, address(half.inventory())))
                    : Optional.empty();
        } catch (IOException e) {
            throw storage("read", e);
        } finally {
            drop(file);
        }
    }

    /** Whether there is anything that neither side has put there. */
    boolean holdsSomethingElse() {
        return gate.list("").keySet().stream()
                .anyMatch(name -> {
                    for (BoxHalf half : BoxHalf.values()) {
                        if (name.equals(half.inventory()) || half.isObject(name)) {
                            return false;
                        }
                    }
                    return true;
                });
    }

    /**
     * Fetches what one side has put there and lays it where it belongs; begins anew where that side
     * has gone on meanwhile.
     *
     * @param wanted whether it is to be taken
     * @param laying lays it, from where each file is that is not here yet
     * @return false if there is nothing that is wanted
     * @throws NodeException {@code BOX_INCOMPLETE}, {@code BOX_DAMAGED}
     */
    boolean take(
            BoxHalf half,
            Predicate<BoxInventory> wanted,
            BiConsumer<BoxInventory, Map<Item, Path>> laying) {
        for (int attempt = 1; ; attempt++) {
            Optional<BoxInventory> there = inventory(half).filter(wanted);
            if (there.isEmpty()) {
                return false;
            }
            try {
                laying.accept(there.get(), fetch(half, there.get()));
                clear();
                return true;
            } catch (NodeException e) {
                if (e.code() != Code.BOX_INCOMPLETE
                        || attempt == ATTEMPTS
                        || inventory(half).equals(there)) {
                    throw e;
                }
            }
        }
    }

    /**
     * Fetches what of an inventory is not here, each file compared with its digest.
     *
     * @return where each of them is until it is laid where it belongs
     * @throws NodeException {@code BOX_INCOMPLETE}, {@code BOX_DAMAGED}
     */
    private Map<Item, Path> fetch(BoxHalf half, BoxInventory inventory) {
        Map<Item, Path> fetched = new HashMap<>();
        for (Item item : inventory.files()) {
            if (!copy.holds(item)) {
                fetched.put(item, fetch(half, item));
            }
        }
        return fetched;
    }

    /** One file, though one of its name may lie in the copy. */
    Path fetch(BoxHalf half, Item item) {
        Path arrival = arrivals.resolve(item.digest().hex());
        if (copy.is(arrival, item)) {
            return arrival; // the last time was cut off after it
        }
        try {
            Files.createDirectories(arrivals);
            Drafts.checkRoom(arrival, item.bytes());
            Optional<Path> here = copy.same(item);
            if (here.isPresent()) {
                Files.copy(here.get(), arrival, StandardCopyOption.REPLACE_EXISTING);
                return arrival;
            }
        } catch (WeightsException e) {
            throw new NodeException(Code.STORAGE, String.valueOf(e.getMessage()), e);
        } catch (IOException e) {
            throw storage("write", e);
        }
        String object = half.object(item.digest());
        if (!gate.fetch(object, arrival, item.bytes())) {
            throw new NodeException(
                    Code.BOX_INCOMPLETE,
                    "%s is not there, though %s lists it as '%s': that side has to put it there once more"
                            .formatted(address(object), half.inventory(), item.name()));
        }
        if (!copy.is(arrival, item)) {
            drop(arrival);
            discard(object);
            throw new NodeException(
                    Code.BOX_DAMAGED,
                    "%s ('%s') is not what its digest says; it was deleted there: let that side put it there once more"
                            .formatted(address(object), item.name()));
        }
        return arrival;
    }

    /** So that its side sees that it is missing; who may not delete leaves that to people. */
    private void discard(String object) {
        try {
            gate.delete(object);
        } catch (NodeException _) {
            // What is wrong is told by the caller.
        }
    }

    /** Forgets what was laid where it belongs. */
    void clear() {
        try {
            Drafts.delete(arrivals);
        } catch (IOException e) {
            throw storage("clear", e);
        }
    }

    /** Puts files there, then the inventory, then deletes what it does not list. */
    void give(BoxHalf half, Optional<String> work, SortedMap<String, Path> files) {
        BoxInventory now = new BoxInventory(Protocol.VERSION, work, copy.described(files));
        SortedMap<String, Long> there = gate.list(half.folder());
        Set<String> needed = new HashSet<>();
        for (Item item : now.files()) {
            String object = half.object(item.digest());
            if (needed.add(object) && !Long.valueOf(item.bytes()).equals(there.get(object))) {
                gate.put(object, Objects.requireNonNull(files.get(item.name())), item.digest());
            }
        }
        if (!before(half).equals(Optional.of(now))) {
            put(half, now);
        }
        there.keySet().stream()
                .filter(name -> half.isObject(name) && !needed.contains(name))
                .forEach(gate::delete);
    }

    private Optional<BoxInventory> before(BoxHalf half) {
        try {
            return inventory(half);
        } catch (NodeException e) {
            if (e.code() != Code.BOX_DAMAGED) {
                throw e;
            }
            return Optional.empty(); // it is this side's own, and is replaced
        }
    }

    private void put(BoxHalf half, BoxInventory inventory) {
        Path file = arrivals.resolve(half.inventory());
        try {
            Files.createDirectories(arrivals);
            SafeFile.write(file, inventory.bytes());
            gate.put(half.inventory(), file, Sums.sum(file));
        } catch (IOException e) {
            throw storage("write", e);
        } finally {
            drop(file);
        }
    }

    /** What is given while it grows is given as it is now. */
    Path snapshot(Path file) {
        try {
            Files.createDirectories(arrivals);
            Path taken = arrivals.resolve(file.getFileName().toString());
            Files.deleteIfExists(taken);
            return Files.copy(file, taken);
        } catch (IOException e) {
            throw storage("write", e);
        }
    }

    private static void drop(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException _) {
            // The folder is cleared as a whole.
        }
    }

    private NodeException storage(String what, IOException e) {
        return new NodeException(Code.STORAGE, "cannot " + what + " " + arrivals + ": " + e, e);
    }
}
