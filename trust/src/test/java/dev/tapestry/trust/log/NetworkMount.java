package dev.tapestry.trust.log;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * An empty folder that the kernel takes for a network's: mounted as {@code fuse.sshfs}, with this
 * process as what sshfs would be. It answers what is asked of an empty folder (FUSE protocol 7, see
 * {@code linux/fuse.h}) and has no network behind it.
 */
final class NetworkMount implements AutoCloseable {

    private static final String TYPE = "fuse.sshfs";
    private static final String SOURCE = "nobody@nowhere:/share";
    private static final int FOLDER = 0040755;

    private static final int LOOKUP = 1;
    private static final int FORGET = 2;
    private static final int GETATTR = 3;
    private static final int STATFS = 17;
    private static final int INIT = 26;
    private static final int INTERRUPT = 36;
    private static final int BATCH_FORGET = 42;

    private static final int NOT_FOUND = -2;
    private static final int NOT_KNOWN = -38;

    private final Path folder;
    private final FileChannel device;
    private final Thread server;

    private NetworkMount(Path folder, FileChannel device) {
        this.folder = folder;
        this.device = device;
        this.server = Thread.ofPlatform().daemon().name("fuse").start(this::serve);
    }

    /** Mounts one over a folder; skips the test, aloud, where that is not allowed. */
    static NetworkMount over(Path folder) throws IOException {
        Path fuse = Path.of("/dev/fuse");
        demand(Files.isReadable(fuse) && Files.isWritable(fuse), "/dev/fuse is not for this user");
        FileChannel device =
                FileChannel.open(fuse, StandardOpenOption.READ, StandardOpenOption.WRITE);
        String options = "fd=%d,rootmode=40000,user_id=0,group_id=0".formatted(number(fuse));
        boolean mounted = mount(folder.toString(), options) == 0;
        if (!mounted) {
            device.close();
        }
        demand(mounted, "only root may mount one");
        return new NetworkMount(folder, device);
    }

    private static void demand(boolean there, String why) {
        if (!there && "all".equals(System.getenv("TAPESTRY_TESTS"))) {
            throw new AssertionError("TAPESTRY_TESTS=all asks for file systems, but " + why);
        }
        if (!there) {
            System.err.println("NOT TESTED: a log on a real network file system: " + why);
        }
        assumeTrue(there, why);
    }

    /** The number of the open file, by which the kernel finds it. */
    private static int number(Path device) throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.filter(link -> leadsTo(link, device))
                    .mapToInt(link -> Integer.parseInt(link.getFileName().toString()))
                    .max()
                    .orElseThrow();
        }
    }

    private static boolean leadsTo(Path link, Path target) {
        try {
            return Files.readSymbolicLink(link).equals(target);
        } catch (IOException _) {
            return false; // it was closed meanwhile
        }
    }

    private static int mount(String folder, String options) {
        Linker linker = Linker.nativeLinker();
        MethodHandle mount =
                linker.downcallHandle(
                        linker.defaultLookup().findOrThrow("mount"),
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                ValueLayout.JAVA_LONG,
                                ValueLayout.ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment source = arena.allocateFrom(SOURCE);
            return (int)
                    mount.invokeExact(
                            source,
                            arena.allocateFrom(folder),
                            arena.allocateFrom(TYPE),
                            0L,
                            arena.allocateFrom(options));
        } catch (Throwable e) {
            throw new IllegalStateException("mount cannot be called", e);
        }
    }

    private void serve() {
        ByteBuffer request = ByteBuffer.allocateDirect(1 << 20).order(ByteOrder.nativeOrder());
        try {
            while (device.read(request.clear()) > 0) {
                int operation = request.getInt(4);
                long unique = request.getLong(8);
                switch (operation) {
                    case FORGET, BATCH_FORGET, INTERRUPT -> {} // nobody waits for an answer
                    case INIT -> reply(unique, 0, 64, out -> out.putInt(7).putInt(31));
                    case GETATTR -> reply(unique, 0, 104, NetworkMount::attributes);
                    case STATFS -> reply(unique, 0, 80, _ -> {});
                    case LOOKUP -> reply(unique, NOT_FOUND, 0, _ -> {});
                    default -> reply(unique, NOT_KNOWN, 0, _ -> {});
                }
            }
        } catch (IOException e) {
            // It was unmounted.
        }
    }

    private static void attributes(ByteBuffer out) {
        int attributes = out.position() + 16;
        out.putLong(attributes, 1); // the number of the root
        out.putInt(attributes + 60, FOLDER);
        out.putInt(attributes + 64, 2); // links
    }

    /** Writes what comes behind the header. */
    @FunctionalInterface
    private interface Body {
        void write(ByteBuffer out);
    }

    private void reply(long unique, int error, int length, Body body) throws IOException {
        int header = 16;
        ByteBuffer out = ByteBuffer.allocateDirect(header + length).order(ByteOrder.nativeOrder());
        out.putInt(header + length).putInt(error).putLong(unique);
        body.write(out);
        device.write(out.clear());
    }

    @Override
    public void close() throws IOException {
        try {
            new ProcessBuilder(List.of("umount", "-l", folder.toString())).start().waitFor();
            device.close();
            server.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
