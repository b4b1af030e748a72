package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.app.process.FreePort;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Arrays;
import picocli.CommandLine;

/** What a command line said, run in this process. */
record Said(int code, String out, String err) {

    /** A consortium on this machine is founded. */
    static void found(Path consortium, Path charter) {
        ok(
                "consortium",
                "found",
                consortium,
                "--charter",
                charter,
                "--host",
                "127.0.0.1",
                "--port",
                FreePort.find());
    }

    /** What a command printed that ended well. */
    static String ok(Object... words) {
        Said said = by(words);
        assertThat(said.code()).as(said.err()).isZero();
        return said.out();
    }

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
