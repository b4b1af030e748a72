package dev.tapestry.app.command;

import dev.tapestry.trust.json.CanonicalJson;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Commands with the same first word; alone it says which there are. */
abstract class CommandGroup implements Runnable {

    @Spec private @Nullable CommandSpec spec;

    @Override
    public void run() {
        throw usage("say which of its commands");
    }

    /** The command line is wrong. */
    final ParameterException usage(String message) {
        return new ParameterException(itself(), message);
    }

    /** For results. */
    final PrintWriter out() {
        return itself().getOut();
    }

    /** For what a script does not want to read. */
    final PrintWriter err() {
        return itself().getErr();
    }

    /** Prints a line, formatted as by {@link String#format}. */
    @SuppressWarnings("AnnotateFormatMethod") // its annotation would be this room's only use of it
    final void say(String format, @Nullable Object... values) {
        out().println(format.formatted(values));
        out().flush();
    }

    /**
     * Prints a record, or a list of records, as one line of canonical JSON: what {@code --json}
     * asks for instead of words.
     */
    final void json(Object document) {
        say("%s", new String(CanonicalJson.write(document), StandardCharsets.UTF_8));
    }

    /** Prints a result: as {@link #json} if that was asked for, otherwise in words. */
    @SuppressWarnings("AnnotateFormatMethod") // as for say
    final void answer(boolean json, Object document, String format, @Nullable Object... values) {
        if (json) {
            json(document);
        } else {
            say(format, values);
        }
    }

    private CommandLine itself() {
        if (spec == null) {
            throw new IllegalStateException("not run by the command line");
        }
        return spec.commandLine();
    }
}
