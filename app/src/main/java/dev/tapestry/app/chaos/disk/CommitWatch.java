package dev.tapestry.app.chaos.disk;

import dev.tapestry.app.chaos.AgentArchive;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * An agent of the JVM that shows the disk each commit of SQLite, whose files Java does not see:
 * {@link DiskOperation#COMMIT} before it, {@link DiskOperation#ANSWER} when it is durable and its
 * caller does not know yet.
 */
public final class CommitWatch {

    private static final String WATCHED = "org/sqlite/SQLiteConnection";
    private static final ClassDesc SELF = CommitWatch.class.describeConstable().orElseThrow();
    private static final MethodTypeDesc COMMIT = MethodTypeDesc.of(ConstantDescs.CD_void);
    private static final MethodTypeDesc WITH_CONNECTION =
            MethodTypeDesc.of(
                    ConstantDescs.CD_void, Connection.class.describeConstable().orElseThrow());
    private static final String SQLITE = "jdbc:sqlite:";

    private CommitWatch() {}

    /**
     * The option for a JVM that has this class on its path.
     *
     * @param directory where the archive that an agent needs is written, if it is not there
     */
    public static String option(Path directory) {
        return AgentArchive.option(directory, CommitWatch.class);
    }

    /** Called by the JVM before {@code main}. */
    public static void premain(@Nullable String arguments, Instrumentation jvm) {
        jvm.addTransformer(
                new ClassFileTransformer() {
                    @Override
                    public byte @Nullable [] transform(
                            @Nullable ClassLoader loader,
                            String name,
                            @Nullable Class<?> redefined,
                            @Nullable ProtectionDomain domain,
                            byte[] code) {
                        return WATCHED.equals(name) ? watched(code) : null;
                    }
                });
    }

    private static byte[] watched(byte[] code) {
        ClassFile file = ClassFile.of();
        ClassModel connection = file.parse(code);
        return file.transformClass(
                connection,
                ClassTransform.transformingMethodBodies(
                        CommitWatch::commits, CodeTransform.ofStateful(CommitWatch::calls)));
    }

    private static boolean commits(MethodModel method) {
        return method.methodName().equalsString("commit")
                && method.methodTypeSymbol().equals(COMMIT);
    }

    private static CodeTransform calls() {
        return new CodeTransform() {
            @Override
            public void atStart(CodeBuilder builder) {
                builder.aload(0).invokestatic(SELF, "committing", WITH_CONNECTION);
            }

            @Override
            public void accept(CodeBuilder builder, CodeElement element) {
                if (element instanceof ReturnInstruction) {
                    builder.aload(0).invokestatic(SELF, "committed", WITH_CONNECTION);
                }
                builder.with(element);
            }
        };
    }

    /** A commit is about to be done. */
    public static void committing(Connection connection) throws SQLException {
        meet(DiskOperation.COMMIT, connection);
    }

    /** A commit was done. */
    public static void committed(Connection connection) throws SQLException {
        meet(DiskOperation.ANSWER, connection);
    }

    private static void meet(DiskOperation operation, Connection connection) throws SQLException {
        String url = connection.getMetaData().getURL();
        if (FileSystems.getDefault().provider() instanceof FailingDiskProvider disk
                && url.startsWith(SQLITE)) {
            disk.meet(operation, Path.of(url.substring(SQLITE.length())));
        }
    }
}
