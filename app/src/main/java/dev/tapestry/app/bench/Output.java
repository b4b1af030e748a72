package dev.tapestry.app.bench;

import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/**
 * Where a benchmark speaks.
 *
 * @param result standard output
 * @param progress standard error
 */
record Output(PrintWriter result, PrintWriter progress) {

    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .build();

    static Output of(CommandLine line) {
        return new Output(line.getOut(), line.getErr());
    }

    /** What the command line injected: a benchmark speaks through it. */
    static <T> T present(@Nullable T injected) {
        if (injected == null) {
            throw new IllegalStateException("not run by the command line");
        }
        return injected;
    }

    /** One line of the result. */
    @SuppressWarnings("AnnotateFormatMethod") // formats are literals here
    void say(String format, @Nullable Object... values) {
        result.println(format.formatted(values));
        result.flush();
    }

    /** The result as one line of JSON, with {@code snake_case} names. */
    void json(Object report) {
        result.println(text(report));
        result.flush();
    }

    /** A report as that line. */
    static String text(Object report) {
        return JSON.writeValueAsString(report);
    }

    /** One line about what goes on. */
    @SuppressWarnings("AnnotateFormatMethod")
    void tell(String format, @Nullable Object... values) {
        progress.println(format.formatted(values));
        progress.flush();
    }
}
