package dev.tapestry.app.chaos;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.lang.instrument.UnmodifiableClassException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.time.Clock;
import java.time.Duration;
import java.util.Date;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * An agent of the JVM by which its clock can be set from outside, while it runs: a file has the
 * seconds by which it differs from the machine's, {@code +86400} for a day ahead.
 *
 * <p>Set are {@code Clock} and {@code Instant.now()}, by which programs tell the time, and {@code
 * new Date()}, by which TLS judges certificates. {@code System.nanoTime()} goes on as it does on a
 * machine whose clock is set.
 */
public final class ShiftedClock {

    private static final String SHIFT = "tapestry.chaos.clock";
    private static final Duration LOOKS = Duration.ofMillis(50);
    private static final ClassDesc INSTANT = ClassDesc.of("java.time.Instant");
    private static final MethodTypeDesc GET_LONG =
            MethodTypeDesc.of(
                    ConstantDescs.CD_Long, ConstantDescs.CD_String, ConstantDescs.CD_long);
    private static final MethodTypeDesc LONG_VALUE = MethodTypeDesc.of(ConstantDescs.CD_long);
    private static final MethodTypeDesc PLUS_SECONDS =
            MethodTypeDesc.of(INSTANT, ConstantDescs.CD_long);

    private ShiftedClock() {}

    /**
     * The option for a JVM that has this class on its path.
     *
     * @param directory where the archive that an agent needs is written
     * @param file with the seconds, read many times a second
     */
    static String option(Path directory, Path file) {
        return AgentArchive.option(directory, ShiftedClock.class) + "=" + file;
    }

    /** Called by the JVM before {@code main}. */
    public static void premain(String file, Instrumentation jvm) throws UnmodifiableClassException {
        set(Path.of(file));
        jvm.addTransformer(
                new ClassFileTransformer() {
                    @Override
                    public byte @Nullable [] transform(
                            @Nullable ClassLoader loader,
                            String name,
                            @Nullable Class<?> redefined,
                            @Nullable ProtectionDomain domain,
                            byte[] code) {
                        return switch (name) {
                            case "java/time/Clock" ->
                                    with(code, "currentInstant", ShiftedClock::instant);
                            case "java/util/Date" ->
                                    with(code, ConstantDescs.INIT_NAME, ShiftedClock::millis);
                            default -> null;
                        };
                    }
                },
                true);
        jvm.retransformClasses(Clock.class, Date.class);
        Thread.ofPlatform().daemon().name("shifted-clock").start(() -> follow(Path.of(file)));
    }

    private static byte[] with(byte[] code, String method, CodeTransform change) {
        ClassFile file = ClassFile.of();
        return file.transformClass(
                file.parse(code),
                ClassTransform.transformingMethodBodies(
                        (MethodModel found) -> found.methodName().equalsString(method), change));
    }

    /** Before an instant is returned, the seconds are added. */
    private static void instant(CodeBuilder builder, CodeElement element) {
        if (element instanceof ReturnInstruction) {
            shift(builder).invokevirtual(INSTANT, "plusSeconds", PLUS_SECONDS);
        }
        builder.with(element);
    }

    /** Behind the question for the time, the seconds are added. */
    private static void millis(CodeBuilder builder, CodeElement element) {
        builder.with(element);
        if (element instanceof InvokeInstruction call
                && call.name().equalsString("currentTimeMillis")) {
            shift(builder).ldc(1000L).lmul().ladd();
        }
    }

    /** A property, for the classes that are changed see no others than Java's own. */
    private static CodeBuilder shift(CodeBuilder builder) {
        return builder.ldc(SHIFT)
                .lconst_0()
                .invokestatic(ConstantDescs.CD_Long, "getLong", GET_LONG)
                .invokevirtual(ConstantDescs.CD_Long, "longValue", LONG_VALUE);
    }

    private static void follow(Path file) {
        while (true) {
            LockSupport.parkNanos(LOOKS.toNanos());
            set(file);
        }
    }

    private static void set(Path file) {
        try {
            String seconds = Files.exists(file) ? Files.readString(file).strip() : "0";
            if (seconds.matches("[+-]?[0-9]{1,9}")) { // or it is being written
                System.setProperty(SHIFT, Long.toString(Long.parseLong(seconds)));
            }
        } catch (IOException _) {
            // Looked at again at once.
        }
    }
}
