package dev.tapestry.app.bench;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.tapestry.app.bench.BenchException.Code;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * One end of a line that this process is: a TUN device of Linux. What the kernel sends to the
 * device is read here, packet by packet, and what is written here the kernel receives from it. The
 * device is gone when this process is. One thread may read while another writes.
 */
final class Tun {

    static final Path DEVICE = Path.of("/dev/net/tun");

    /** {@code IFF_TUN | IFF_NO_PI}: packets of IP, nothing before them. */
    private static final short IP_PACKETS = 0x1001;

    private static final long TUNSETIFF = 0x400454caL;
    private static final int O_RDWR = 2;
    private static final long NAME_BYTES = 16;
    private static final long REQUEST_BYTES = 40;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle OPEN =
            handle(
                    "open",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
                    Linker.Option.firstVariadicArg(2));
    private static final MethodHandle IOCTL =
            handle(
                    "ioctl",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
                    Linker.Option.firstVariadicArg(2));
    private static final FunctionDescriptor MOVE =
            FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle READ = LINKER.downcallHandle(symbol("read"), MOVE);
    private static final MethodHandle WRITE = LINKER.downcallHandle(symbol("write"), MOVE);

    private final int descriptor;

    private Tun(int descriptor) {
        this.descriptor = descriptor;
    }

    /** Whether this system has such devices. */
    static boolean isThere() {
        return Files.isWritable(DEVICE);
    }

    /**
     * A new device in this process' network namespace.
     *
     * @param name of at most 15 letters
     * @throws BenchException {@code NETWORK}: the system does not give it
     */
    static Tun create(String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            int descriptor =
                    (int) OPEN.invokeExact(state, arena.allocateFrom(DEVICE.toString()), O_RDWR);
            require(descriptor, "open " + DEVICE, state);
            MemorySegment request = arena.allocate(REQUEST_BYTES);
            request.setString(0, name);
            request.set(JAVA_SHORT, NAME_BYTES, IP_PACKETS);
            require(
                    (int) IOCTL.invokeExact(state, descriptor, TUNSETIFF, request),
                    "make the device " + name,
                    state);
            return new Tun(descriptor);
        } catch (BenchException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("a TUN device could not be made", e);
        }
    }

    private static void require(int answer, String what, MemorySegment state) {
        if (answer < 0) {
            throw new BenchException(
                    Code.NETWORK,
                    "cannot %s (errno %d); it needs root and the kernel's TUN devices"
                            .formatted(what, (int) ERRNO.get(state, 0L)));
        }
    }

    /**
     * Waits for a packet that is to leave through the device.
     *
     * @return its length in bytes; negative when the device is gone
     */
    long read(MemorySegment packet) {
        return move(READ, packet, packet.byteSize());
    }

    /**
     * Lets a packet arrive from the device; what the kernel does not take is lost, as on a line.
     */
    void write(MemorySegment packet, long bytes) {
        move(WRITE, packet, bytes);
    }

    private long move(MethodHandle call, MemorySegment packet, long bytes) {
        try {
            return (long) call.invokeExact(descriptor, packet, bytes);
        } catch (Throwable e) {
            throw new IllegalStateException("a TUN device could not be used", e);
        }
    }

    private static MethodHandle handle(
            String name, FunctionDescriptor descriptor, Linker.Option variadic) {
        return LINKER.downcallHandle(
                symbol(name), descriptor, Linker.Option.captureCallState("errno"), variadic);
    }

    private static MemorySegment symbol(String name) {
        return LINKER.defaultLookup().find(name).orElseThrow();
    }
}
