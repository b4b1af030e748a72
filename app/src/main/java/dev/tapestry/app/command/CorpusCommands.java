package dev.tapestry.app.command;

import dev.tapestry.corpus.preparation.PlanFile;
import dev.tapestry.corpus.preparation.Preparation;
import dev.tapestry.corpus.preparation.PreparationReport;
import dev.tapestry.corpus.preparation.ProgressListener;
import dev.tapestry.node.constitution.Guard;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prepares text. */
@Command(
        name = "corpus",
        description = "Prepare text for training.",
        footer = {"", "Example:", "  tapestry corpus prepare plan.yaml prepared"})
final class CorpusCommands extends CommandGroup {

    @Command(
            name = "prepare",
            description = {
                "Make one corpus of several sources: normalised, in the languages it should be in,",
                "without broken text, personal data, duplicates and evaluation sets; split and"
                        + " mixed.",
                "The target has a card that permits what all sources permit."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry corpus prepare plan.yaml prepared",
                "  tapestry corpus prepare plan.yaml prepared --constitution constitution.yaml"
            })
    int prepare(
            @Parameters(paramLabel = "PLAN.yaml", description = "What is made of which text.")
                    Path plan,
            @Parameters(paramLabel = "TARGET", description = "A directory that is not there yet.")
                    Path target,
            @Option(
                            names = "--constitution",
                            paramLabel = "FILE",
                            description =
                                    "Documents that touch its protected domains are left out.")
                    @Nullable Path constitution,
            @Option(
                            names = "--threads",
                            paramLabel = "N",
                            description = "That look at documents (all processors).")
                    @Nullable Integer threads,
            @Option(names = "--json", description = "The report as one line of JSON.")
                    boolean json) {
        AtomicBoolean stop = new AtomicBoolean();
        Preparation preparation = Preparation.standard();
        if (constitution != null) {
            Guard guard = Guard.read(constitution);
            preparation = preparation.protecting(guard.data(), guard.digest());
        }
        try (Signals _ = Signals.during(() -> stop.set(true))) {
            PreparationReport report =
                    (threads == null ? preparation : preparation.onThreads(threads))
                            .run(PlanFile.read(plan), target, progress(), stop::get);
            if (json) {
                json(report);
            } else {
                tell(report, target);
            }
            return ExitCode.DONE.number();
        }
    }

    /** A line for each tenth of what there is to do. */
    private ProgressListener progress() {
        return new ProgressListener() {
            private String last = "";

            @Override
            public void progressed(Phase phase, long done, long total) {
                long tenth = total == 0 ? 10 : 10 * done / total;
                String line =
                        "%s %d %%".formatted(phase.name().toLowerCase(Locale.ROOT), 10 * tenth);
                if (!line.equals(last)) {
                    last = line;
                    err().println(line);
                    err().flush();
                }
            }
        };
    }

    private void tell(PreparationReport report, Path target) {
        say("%-18s %12s %12s %14s  %s", "step", "documents in", "out", "bytes out", "what");
        for (PreparationReport.StepCount step : report.steps()) {
            say(
                    "%-18s %,12d %,12d %,14d  %s",
                    step.step(),
                    step.documentsIn(),
                    step.documentsOut(),
                    step.bytesOut(),
                    step.dropped().isEmpty() && step.findings().isEmpty()
                            ? ""
                            : "dropped %s found %s".formatted(step.dropped(), step.findings()));
        }
        if (report.malformedLines() > 0) {
            say(
                    "%,d lines were no documents: %s",
                    report.malformedLines(), String.join("; ", report.malformedPlaces()));
        }
        for (PreparationReport.DomainCount domain : report.domains()) {
            say(
                    "domain %-20s %,12d documents %,14d bytes, each %.3f times",
                    domain.domain(), domain.documents(), domain.bytes(), domain.repeats());
        }
        say(
                "%,d documents to train on (%,d bytes, %,d tokens), %,d held out, in %s",
                report.train().documents(),
                report.train().bytes(),
                report.train().tokens(),
                report.heldOut().documents(),
                target);
    }
}
