package dev.tapestry.app.command;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Hears the operating system's wish that this process ends, so that a command can end by itself: a
 * native operation that the JVM's own shutdown cut off could crash.
 *
 * <p>A second signal ends the process at once. The JDK's {@code sun.misc.Signal} is called by
 * reflection because javac warns of it whatever one writes; where it is missing the JVM's own
 * behaviour stays.
 */
public final class Signals implements AutoCloseable {

    private final Runnable stop;
    private final AtomicReference<String> received = new AtomicReference<>("");
    private final Map<String, Object> before = new LinkedHashMap<>();

    private Signals(Runnable stop) {
        this.stop = stop;
    }

    /** Calls {@code stop} at the first interrupt or termination until this is closed. */
    public static Signals during(Runnable stop) {
        Signals signals = new Signals(stop);
        for (String name : new String[] {"INT", "TERM"}) {
            handle(name, handler(signals::on)).ifPresent(old -> signals.before.put(name, old));
        }
        return signals;
    }

    /**
     * A signal ends the process at once until this is closed: for native work that nothing can
     * stop, and that the JVM's shutdown must not pull libraries away from.
     */
    static Signals halting() {
        return during(() -> Runtime.getRuntime().halt(ExitCode.INTERRUPTED.number()));
    }

    private void on(String name) {
        if (!received.compareAndSet("", name)) {
            Runtime.getRuntime().halt(ExitCode.INTERRUPTED.number());
        }
        stop.run();
    }

    /** Whether a signal came. */
    boolean came() {
        return !received.get().isEmpty();
    }

    /** 130 after an interrupt; 0 after a termination, which is how services are ended. */
    int exitCode() {
        return (received.get().equals("INT") ? ExitCode.INTERRUPTED : ExitCode.DONE).number();
    }

    @Override
    public void close() {
        before.forEach(Signals::handle);
    }

    private interface Hearing {
        void on(String name);
    }

    @SuppressWarnings("ReferenceEquality") // handlers are equal when they are the same one
    private static Object handler(Hearing hearing) {
        InvocationHandler calls =
                (proxy, method, arguments) ->
                        switch (method.getName()) {
                            case "handle" -> {
                                hearing.on(name(arguments[0]));
                                yield null;
                            }
                            case "equals" -> proxy == arguments[0];
                            case "hashCode" -> System.identityHashCode(proxy);
                            default -> "signal handler";
                        };
        try {
            return Proxy.newProxyInstance(
                    Signals.class.getClassLoader(),
                    new Class<?>[] {Class.forName("sun.misc.SignalHandler")},
                    calls);
        } catch (ClassNotFoundException e) {
            return calls; // never installed
        }
    }

    private static String name(Object signal) throws ReflectiveOperationException {
        return String.valueOf(signal.getClass().getMethod("getName").invoke(signal));
    }

    private static Optional<Object> handle(String name, Object handler) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Method handle =
                    signal.getMethod("handle", signal, Class.forName("sun.misc.SignalHandler"));
            return Optional.ofNullable(
                    handle.invoke(
                            null, signal.getConstructor(String.class).newInstance(name), handler));
        } catch (ReflectiveOperationException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
