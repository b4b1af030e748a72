package dev.tapestry.app.study.simulation;

import dev.tapestry.app.study.simulation.RuleException.Code;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/**
 * A file of Java with one {@link ExperimentalRule}, compiled when a simulation begins. It runs with
 * all rights of the person who started it.
 */
final class RuleFile {

    private static final String SUFFIX = ".java";

    private RuleFile() {}

    /**
     * The rule in {@code source}: its public class, named as the file.
     *
     * @param classes an empty folder, where the class lies as long as the rule is used
     */
    static ExperimentalRule compiled(Path source, Path classes) throws IOException {
        String file = source.getFileName().toString();
        if (!Files.isRegularFile(source) || !file.endsWith(SUFFIX)) {
            throw new RuleException(
                    Code.NO_RULE, "there is no file of Java at " + source.toAbsolutePath(), null);
        }
        compile(source, classes);
        String simple = file.substring(0, file.length() - SUFFIX.length());
        String name = className(classes, simple);
        URL[] places = {classes.toUri().toURL()};
        // Not closed: classes beside the rule's are loaded when it first needs them.
        ClassLoader loader = new URLClassLoader(places, ExperimentalRule.class.getClassLoader());
        try {
            return Class.forName(name, true, loader)
                    .asSubclass(ExperimentalRule.class)
                    .getConstructor()
                    .newInstance();
        } catch (ReflectiveOperationException | ClassCastException | LinkageError e) {
            throw new RuleException(
                    Code.NO_RULE,
                    "%s: the class %s is not public, does not implement %s or cannot be made without parameters: %s"
                            .formatted(source, name, ExperimentalRule.class.getName(), e),
                    e);
        }
    }

    private static void compile(Path source, Path classes) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null) {
            throw new RuleException(
                    Code.NO_COMPILER,
                    "this Java has no compiler for %s; start Tapestry with a JDK".formatted(source),
                    null);
        }
        StringWriter messages = new StringWriter();
        try (var files =
                compiler.getStandardFileManager(null, Locale.ROOT, StandardCharsets.UTF_8)) {
            boolean compiled =
                    compiler.getTask(
                                    messages,
                                    files,
                                    null,
                                    List.of(
                                            "-proc:none",
                                            "-d",
                                            classes.toString(),
                                            "-cp",
                                            System.getProperty("java.class.path", "")),
                                    null,
                                    files.getJavaFileObjects(source))
                            .call();
            if (!compiled) {
                throw new RuleException(
                        Code.DOES_NOT_COMPILE,
                        "%s does not compile:%n%s".formatted(source, messages.toString().strip()),
                        null);
            }
        } catch (IOException e) {
            throw new RuleException(Code.NO_RULE, "cannot read " + source + ": " + e, e);
        }
    }

    /** With its package, if the file says one. */
    private static String className(Path classes, String simple) throws IOException {
        try (Stream<Path> files = Files.walk(classes)) {
            return files.filter(file -> file.endsWith(simple + ".class"))
                    .findFirst()
                    .map(file -> classes.relativize(file).toString())
                    .map(file -> file.replace('/', '.').replaceFirst("\\.class$", ""))
                    .orElseThrow(() ->
                            new RuleException(
                                    Code.NO_RULE,
                                    "%s%s has no class named %s".formatted(simple, SUFFIX, simple),
                                    null));
        }
    }
}
