package dev.tapestry.weights;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Gives mapped pages back to the operating system.
 *
 * <p>A page of a mapped file that was once looked at counts as memory of this process until the
 * system is short of it. Whoever streams through models larger than its share of memory therefore
 * releases what it has passed: {@code madvise(MADV_DONTNEED)}, POSIX in spirit, as Linux and macOS
 * know it. Where it is unknown, nothing happens.
 */
public final class Residency {

    private static final int MADV_DONTNEED = 4;

    /**
     * Linux maps so many bytes around a page that is looked at ({@code fault_around_bytes}), also
     * such as were released just before.
     */
    private static final long AROUND = 64 << 10;

    /**
     * Once in so many bytes what lies behind is released again in one piece: Linux (from 6.14 on)
     * then drops its page tables too, which it does not for pieces of less than 2 MiB. They are a
     * 512th of all that was ever looked at.
     */
    private static final long STRIDE = 32L << 20;

    private static final Optional<MethodHandle> MADVISE =
            handle(
                    "madvise",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT));

    private static final long PAGE_BYTES = pageBytes();

    private Residency() {}

    /**
     * Releases the whole pages within {@code segment}, which is a piece of a {@link
     * SafetensorsFile} or {@link SafetensorsWriter}. What was written stays written, what is read
     * again comes from the file. Segments that are not mapped files are left alone.
     */
    public static void release(MemorySegment segment) {
        if (!segment.isMapped() || MADVISE.isEmpty()) {
            return;
        }
        long begin = Math.ceilDiv(segment.address(), PAGE_BYTES) * PAGE_BYTES;
        long end = (segment.address() + segment.byteSize()) / PAGE_BYTES * PAGE_BYTES;
        if (end <= begin) {
            return;
        }
        try {
            // The answer is only advice about advice: a system that refuses keeps the pages.
            int ignored = (int) MADVISE.get().invokeExact(begin, end - begin, MADV_DONTNEED);
        } catch (Throwable e) {
            throw new IllegalStateException("madvise could not be called", e);
        }
    }

    /**
     * Releases a piece of what is read or written piece by piece, and what the system mapped around
     * it: else some pages on each border would stay, and in the end a share of the whole file.
     *
     * @param whole within which it stays
     */
    public static void release(MemorySegment whole, long offset, long bytes) {
        boolean passes = offset / STRIDE != (offset + bytes) / STRIDE;
        long from = Math.max(0, offset - (passes ? 2 * STRIDE : AROUND));
        long to = Math.min(whole.byteSize(), offset + bytes + AROUND);
        release(whole.asSlice(from, to - from));
    }

    private static long pageBytes() {
        Optional<MethodHandle> size =
                handle("getpagesize", FunctionDescriptor.of(ValueLayout.JAVA_INT));
        try {
            return size.isPresent() ? (int) size.get().invokeExact() : 1 << 16;
        } catch (Throwable e) {
            throw new IllegalStateException("getpagesize could not be called", e);
        }
    }

    private static Optional<MethodHandle> handle(String name, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        SymbolLookup lookup = linker.defaultLookup();
        return lookup.find(name).map(symbol -> linker.downcallHandle(symbol, descriptor));
    }
}
