package dev.tapestry.training;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Sends what native code prints on standard output, which belongs to results, to standard error
 * until this is closed. Of the whole process: several may be open, the last one to close ends it.
 */
final class StandardOutput implements AutoCloseable {

    private static final int OUT = 1;
    private static final int ERR = 2;
    private static final MethodHandle DUP = function("dup", ValueLayout.JAVA_INT);
    private static final MethodHandle DUP2 =
            function("dup2", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    private static final MethodHandle CLOSE = function("close", ValueLayout.JAVA_INT);
    private static final MethodHandle FLUSH = function("fflush", ValueLayout.ADDRESS);

    private static int users;
    private static int kept;

    private StandardOutput() {}

    static StandardOutput toStandardError() {
        synchronized (StandardOutput.class) {
            if (users++ == 0) {
                System.out.flush();
                kept = call(DUP, OUT);
                call(DUP2, ERR, OUT);
            }
        }
        return new StandardOutput();
    }

    private static MethodHandle function(String name, MemoryLayout... parameters) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
    }

    private static int call(MethodHandle function, Object... arguments) {
        try {
            return (int) function.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new IllegalStateException(e); // these calls throw nothing
        }
    }

    @Override
    public void close() {
        synchronized (StandardOutput.class) {
            if (--users == 0) {
                call(FLUSH, MemorySegment.NULL); // all buffers: what is in them would go out later
                call(DUP2, kept, OUT);
                call(CLOSE, kept);
            }
        }
    }
}
