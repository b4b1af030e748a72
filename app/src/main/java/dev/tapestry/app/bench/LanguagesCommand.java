package dev.tapestry.app.bench;

import dev.tapestry.corpus.preparation.LanguageTrial;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tapestry bench languages}. */
@Command(
        name = "languages",
        description = {
            "Try the language filter on text whose language is known: lines of JSON with text,",
            "source (the language that its source says) and language (the one it is in).",
            "acceptance/peers/manual_paragraphs.py makes them from translated manuals."
        },
        footer = {"", "Example:", "  tapestry bench languages manuals.jsonl"})
final class LanguagesCommand implements Callable<Integer> {

    @Parameters(paramLabel = "FILE.jsonl", description = "The labelled text.")
    private Path file = Path.of("");

    @Option(names = "--json", description = "The result as one line of JSON.")
    private boolean json;

    @Spec private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        Output output = Output.of(Output.present(spec).commandLine());
        LanguageTrial.Report report = LanguageTrial.run(file);
        if (json) {
            output.json(report);
            return 0;
        }
        output.say(
                "%-8s %8s %8s %10s %10s %16s",
                "language", "texts", "foreign", "precision", "recall", "foreign dropped");
        for (LanguageTrial.Row row : report.rows()) {
            output.say(
                    "%-8s %8d %8d %10.4f %10.4f %16.4f",
                    row.language(),
                    row.texts(),
                    row.foreign(),
                    row.precision(),
                    row.recall(),
                    row.foreignDropped());
        }
        output.say("%.1f MB/s on one thread", report.megabytesPerSecond());
        return 0;
    }
}
