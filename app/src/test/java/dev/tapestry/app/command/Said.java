package dev.tapestry.app.command;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import picocli.CommandLine;

/** What a command line said, run in this process. */
record Said(int code, String out, String err) {

    static Said by(Object... words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = new TapestryCommand().line();
        line.setOut(new PrintWriter(out, true));
        line.setErr(new PrintWriter(err, true));
        int code = line.execute(Arrays.stream(words).map(Object::toString).toArray(String[]::new));
        return new Said(code, out.toString(), err.toString());
    }
}
