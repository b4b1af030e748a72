package dev.tapestry.node.egress;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.objects.Meter;
import dev.tapestry.objects.ObjectStore;
import dev.tapestry.objects.ObjectsException;
import dev.tapestry.objects.S3Objects;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The way to the object store in which a carried round lies, and to nothing else: each request is
 * of a listed kind and has its receipt, with the bytes of its bodies. Thread-safe; one request at a
 * time.
 */
public final class StoreGate implements AutoCloseable {

    private final StoreAddress address;
    private final ObjectStore store;
    private final Meter meter;
    private final ReceiptBook receipts;

    /** For a store of another kind. */
    public StoreGate(StoreAddress address, ObjectStore store, Meter meter, ReceiptBook receipts) {
        this.address = address;
        this.store = store;
        this.meter = meter;
        this.receipts = receipts;
    }

    /**
     * Opens the way; nothing is asked yet.
     *
     * @throws NodeException {@code STORE_REFUSED} without keys or a region
     */
    public static StoreGate to(StoreAddress address, ReceiptBook receipts) {
        Meter meter = new Meter();
        try {
            return new StoreGate(
                    address, S3Objects.direct(address.place(), meter), meter, receipts);
        } catch (ObjectsException e) {
            throw failed(e);
        }
    }

    /** Where it leads. */
    public StoreAddress address() {
        return address;
    }

    /**
     * Puts a file there; it is kept when this returns.
     *
     * @throws NodeException {@code STORE_REFUSED}, {@code STORE_UNREACHABLE}, {@code STORAGE}
     */
    public void put(String name, Path file, Digest digest) {
        exchange(
                MessageKind.BOX_UPLOAD,
                name,
                Optional.of(digest),
                () -> {
                    store.put(name, file);
                    return "kept";
                },
                kept -> kept);
    }

    /**
     * Fetches what has this name, whole or not at all.
     *
     * @param most bytes that are taken
     * @return false if nothing has
     * @throws NodeException {@code STORE_REFUSED}, {@code STORE_UNREACHABLE}, {@code STORAGE};
     *     {@code BOX_DAMAGED} if it is longer
     */
    public boolean fetch(String name, Path target, long most) {
        return exchange(
                MessageKind.BOX_DOWNLOAD,
                name,
                Optional.empty(),
                () -> store.fetch(name, target, most),
                there -> there ? "fetched" : "not there");
    }

    /**
     * What begins with this folder, and how many bytes each has.
     *
     * @throws NodeException {@code STORE_REFUSED}, {@code STORE_UNREACHABLE}
     */
    public SortedMap<String, Long> list(String folder) {
        return exchange(
                MessageKind.BOX_LIST,
                folder,
                Optional.empty(),
                () -> store.list(folder),
                found -> found.size() + " there");
    }

    /**
     * Deletes what has this name.
     *
     * @throws NodeException {@code STORE_REFUSED}, {@code STORE_UNREACHABLE}
     */
    public void delete(String name) {
        exchange(
                MessageKind.BOX_DELETE,
                name,
                Optional.empty(),
                () -> {
                    store.delete(List.of(name));
                    return "deleted";
                },
                deleted -> deleted);
    }

    private synchronized <T> T exchange(
            MessageKind kind,
            String name,
            Optional<Digest> content,
            Supplier<T> asking,
            Function<T, String> told) {
        Message message = Message.ask(kind, allowed(kind, name));
        long up = meter.up();
        long down = meter.down();
        String outcome = "broke off";
        Optional<Digest> kept = Optional.empty();
        try {
            T answer = asking.get();
            outcome = told.apply(answer);
            kept = content;
            return answer;
        } catch (ObjectsException e) {
            outcome = e.code().name();
            throw failed(e);
        } finally {
            receipts.write(message, meter.up() - up, meter.down() - down, kept, outcome);
        }
    }

    private String allowed(MessageKind kind, String name) {
        String path = address.of(name);
        if (!kind.allows(path)) {
            throw new NodeException(
                    Code.EGRESS_REFUSED,
                    "%s to '%s' does not leave this node: it has not the form of a carried round's file"
                            .formatted(kind, path));
        }
        return path;
    }

    private static NodeException failed(ObjectsException e) {
        Code code =
                switch (e.code()) {
                    case PLACE, REFUSED -> Code.STORE_REFUSED;
                    case UNREACHABLE -> Code.STORE_UNREACHABLE;
                    case TOO_LONG -> Code.BOX_DAMAGED;
                    case STORAGE -> Code.STORAGE;
                };
        return new NodeException(code, String.valueOf(e.getMessage()), e);
    }

    @Override
    public void close() {
        store.close();
    }
}
