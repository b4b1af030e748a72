package dev.tapestry.training;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Sends what native code prints on standard output, which belongs to results, to standard error
 * until this is closed. Of the whole process.
 */
final class StandardOutput implements AutoCloseable {

    private static final int OUT = 1;
    private static final int ERR = 2;
    private static final MethodHandle DUP = function("dup", 1);
    private static final MethodHandle DUP2 = function("dup2", 2);
    private static final MethodHandle CLOSE = function("close", 1);

    private final int kept;

    private StandardOutput(int kept) {
        this.kept = kept;
    }

    static StandardOutput toStandardError() {
        System.out.flush();
        int kept = call(DUP, OUT);
        call(DUP2, ERR, OUT);
        return new StandardOutput(kept);
    }

    private static MethodHandle function(String name, int parameters) {
        ValueLayout[] integers = new ValueLayout[parameters];
        java.util.Arrays.fill(integers, ValueLayout.JAVA_INT);
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, integers));
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
        call(DUP2, kept, OUT);
        call(CLOSE, kept);
    }
}
