package dev.tapestry.app.chaos.disk;

import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.spi.FileSystemProvider;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Watches one directory and carries out orders. Its monitor is held during every operation that
 * changes something, so that a power cut finds the disk in one state.
 *
 * <p>{@code CONTROL/order} is one line, see {@link DiskOrder}; it is looked for at each operation
 * and can come, change and go while the process runs. What was carried out is appended to {@code
 * CONTROL/report}.
 */
final class Disk {

    /** The system property: {@code CONTROL:ROOT}. */
    static final String PROPERTY = "tapestry.chaos.disk";

    /** What the operation is to do besides what it does anyway. */
    enum Effect {
        NONE,
        TEAR,
        FLIP
    }

    private final Path root;
    private final File orderFile;
    private final File report;
    private final Unsynced unsynced;
    private final Runnable ending;
    private long orderTime;
    private @Nullable DiskOrder order;
    private int seen;
    private boolean failing;
    private boolean ended;

    /**
     * A disk without orders.
     *
     * @param ending ends the process at once, without returning
     */
    Disk(FileSystemProvider real, Path control, Path root, Runnable ending) {
        this.root = root;
        this.ending = ending;
        this.orderFile = new File(control.toString(), "order");
        this.report = new File(control.toString(), "report");
        this.unsynced = new Unsynced(real, control.resolve("removed-" + System.nanoTime()));
    }

    /** Whether a file is one of those that are watched; what chaos itself follows is not. */
    boolean watches(Path real) {
        return real.startsWith(root) && !real.endsWith("metrics.jsonl");
    }

    Unsynced unsynced() {
        return unsynced;
    }

    /** Whether there is no room at all now. */
    synchronized boolean isFull() {
        look();
        return failing && order != null && order.fault() == DiskFault.FULL;
    }

    /**
     * Before an operation; may never return.
     *
     * @throws FileSystemException as a full or a read-only disk answers
     */
    synchronized Effect meet(DiskOperation operation, Path file) throws IOException {
        if (ended) {
            return end();
        }
        look();
        if (order == null) {
            return Effect.NONE;
        }
        if (order.fault() == DiskFault.RECORD) {
            if (operation != DiskOperation.READ) {
                tell(operation + " " + DiskPlace.of(root, file));
            }
            return Effect.NONE;
        }
        boolean now =
                order.isAbout(operation, DiskPlace.of(root, file)) && ++seen == order.occurrence();
        if (now) {
            tell(order.fault() + " " + operation + " " + root.relativize(file));
        }
        return switch (order.fault()) {
            case RECORD -> Effect.NONE;
            case KILL -> now ? end() : Effect.NONE;
            case POWER_CUT -> now ? cut(order.seed()) : Effect.NONE;
            case TEAR -> now ? Effect.TEAR : Effect.NONE;
            case FLIP -> now ? Effect.FLIP : Effect.NONE;
            case FULL -> {
                failing |= now;
                refuse(operation.needsRoom(), file, "No space left on device");
                yield Effect.NONE;
            }
            case READ_ONLY -> {
                failing |= now;
                refuse(operation.changes(), file, "Read-only file system");
                yield Effect.NONE;
            }
        };
    }

    private void refuse(boolean concerned, Path file, String why) throws FileSystemException {
        if (failing && concerned) {
            throw new FileSystemException(file.toString(), null, why);
        }
    }

    private Effect cut(long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        unsynced.cut(random.nextBoolean(), random.nextBoolean());
        return end();
    }

    /** Ends the process. */
    Effect end() {
        ended = true; // nothing more can be done, should somebody survive it
        ending.run();
        return Effect.NONE;
    }

    private void look() {
        long time = orderFile.lastModified();
        if (time == orderTime) {
            return;
        }
        orderTime = time;
        seen = 0;
        failing = false;
        order = time == 0 ? null : read();
    }

    private @Nullable DiskOrder read() {
        try (var in = new java.io.FileInputStream(orderFile)) {
            return DiskOrder.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException gone) {
            return null;
        }
    }

    private void tell(String line) throws IOException {
        try (FileOutputStream out = new FileOutputStream(report, true)) {
            out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }
}
