package dev.tapestry.app.command;

import dev.tapestry.app.train.JobTraining;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.ScoreReport;
import dev.tapestry.node.Node;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.box.BoxAnswer;
import dev.tapestry.node.box.BoxAnswer.Work;
import dev.tapestry.node.box.BoxWork;
import dev.tapestry.node.box.DropBox;
import dev.tapestry.node.round.NodeAgent;
import dev.tapestry.node.round.RoundGateway.Fetched;
import dev.tapestry.node.trainer.JobDone;
import dev.tapestry.node.trainer.TrainingJob;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Rounds for machines without a network. */
@Command(
        name = "round",
        description = {
            "Take part with a training machine that has no network.",
            "A box, a directory that is carried or shared, goes between the gateway, which is the",
            "member's node, and the machine that computes: fetch and submit, or courier, run at the",
            "gateway; train, score and prepare run where the text is, without network or keys."
        },
        footer = {"", "Example:", "  tapestry round fetch my-node /media/usb/box"})
final class RoundCommands extends CommandGroup {

    private static final String GATEWAY = "The node's directory.";
    private static final String BOX =
            "The directory that is carried, or shared; or s3://BUCKET/PREFIX, in an object store.";

    /** What {@code round fetch --json} prints; without {@code work} nothing is to be done. */
    record Got(
            Optional<Work> work,
            Optional<RoundNumber> round,
            Optional<Instant> deadline,
            boolean before,
            String detail) {}

    @Command(
            name = "fetch",
            description = {
                "At the gateway: put into a box what the loop waits for from this member.",
                "To train: base/, job.json, plan.json, and corpus/ if the text lies at the gateway. To"
                        + " score: base/ and candidate/. Again, it changes nothing that is as it should be."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry round fetch my-node /media/usb/box",
                "  tapestry round fetch my-node /media/usb/box --json"
            })
    int fetch(
            @Parameters(paramLabel = "DIR", description = GATEWAY) Path directory,
            @Parameters(paramLabel = "BOX", description = BOX) String box,
            @Mixin StoreOptions store,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        return atGateway(
                directory,
                node -> {
                    switch (fetched(node, box, store)) {
                        case Fetched.Ready(var round, Work work, var deadline, boolean before) -> {
                            String next =
                                    "tapestry round %s %s --corpus CORPUS_DIR"
                                            .formatted(
                                                    work == Work.SCORE ? "score" : "train",
                                                    store.words(box));
                            answer(
                                    json,
                                    new Got(
                                            Optional.of(work),
                                            Optional.of(round),
                                            deadline,
                                            before,
                                            next),
                                    "round %s: %s%s, in %s%nnext:   %s",
                                    round,
                                    work == Work.SCORE ? "to score" : "to train",
                                    deadline.map(at -> " until " + at).orElse(""),
                                    box,
                                    next);
                        }
                        case Fetched.Nothing(String why) ->
                                answer(
                                        json,
                                        new Got(
                                                Optional.empty(),
                                                Optional.empty(),
                                                Optional.empty(),
                                                false,
                                                why),
                                        "nothing to do: %s",
                                        why);
                    }
                    return 0;
                });
    }

    @Command(
            name = "submit",
            description = {
                "At the gateway: check what came back in a box, sign it, send it, and tell the",
                "coordinator's answer, which is written into the box too (answer.json).",
                "Ends with 0 if it was admitted, with 1 if it was refused, here or there. Again, it goes"
                        + " on where it was, or says what was answered."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry round submit my-node /media/usb/box",
                "  tapestry round submit my-node /media/usb/box --json"
            })
    int submit(
            @Parameters(paramLabel = "DIR", description = GATEWAY) Path directory,
            @Parameters(paramLabel = "BOX", description = BOX) String box,
            @Mixin StoreOptions store,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        return atGateway(
                directory,
                node -> {
                    BoxAnswer answer = submitted(node, box, store);
                    answer(
                            json,
                            answer,
                            "round %s: %s %s: %s",
                            answer.round(),
                            answer.work() == Work.SCORE ? "score" : "contribution",
                            answer.admitted()
                                    ? "admitted"
                                    : answer.comesAgain() ? "kept, submit it again" : "refused",
                            answer.code().map(code -> code + ": ").orElse("") + answer.detail());
                    return (answer.admitted() ? ExitCode.DONE : ExitCode.REFUSED).number();
                });
    }

    private Fetched fetched(Node node, String box, StoreOptions store) {
        try (OpenBox open = store.atGateway(box, node)) {
            takeIfWhole(open);
            Fetched fetched = node.gateway(open.box()).fetch();
            open.link().give();
            return fetched;
        }
    }

    /** A result that is not whole does not keep the next orders from being laid out. */
    private void takeIfWhole(OpenBox open) {
        try {
            open.link().take();
        } catch (NodeException e) {
            switch (e.code()) {
                case BOX_INCOMPLETE, BOX_DAMAGED -> {
                    err().println("# " + e.getMessage());
                    err().flush();
                }
                default -> throw e;
            }
        }
    }

    private static BoxAnswer submitted(Node node, String box, StoreOptions store) {
        try (OpenBox open = store.atGateway(box, node)) {
            open.link().take();
            BoxAnswer answer = node.gateway(open.box()).submit();
            open.link().give();
            return answer;
        }
    }

    private int atGateway(Path directory, ToIntFunction<Node> work) {
        return OpenNode.during(new NodeHome(directory), err(), work);
    }

    @Command(
            name = "courier",
            description = {
                "At the gateway: fetch and submit by itself, for as long as it runs, where the machine",
                "that computes sees the same directory, or reaches the same object store.",
                "What is refused is said in answer.json, until something else lies there."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry round courier my-node /shared/box",
                "  tapestry round courier my-node s3://rounds/helsinki --endpoint https://s3.site:9000"
            })
    int courier(
            @Parameters(paramLabel = "DIR", description = GATEWAY) Path directory,
            @Parameters(paramLabel = "BOX", description = BOX) String box,
            @Mixin StoreOptions store,
            @Option(names = "--until-run-ends", description = "End when the current run does.")
                    boolean untilRunEnds) {
        return OpenNode.during(
                new NodeHome(directory),
                out(),
                node -> {
                    try (OpenBox open = store.atGateway(box, node)) {
                        node.courier(open.box(), open.link())
                                .run(
                                        untilRunEnds
                                                ? NodeAgent.Until.noRun()
                                                : NodeAgent.Until.stopped());
                    }
                    say("the run has ended");
                    return 0;
                });
    }

    @Command(
            name = "prepare",
            description = {
                "Where the text is: put its training part into a box, as tokens, for a trainer of your",
                "own. The box then is a job directory, which 'tapestry train' takes too."
            },
            footer = {"", "Example:", "  tapestry round prepare /shared/box --corpus /data/corpus"})
    int prepare(
            @Parameters(paramLabel = "BOX", description = BOX) String box,
            @Mixin StoreOptions store,
            @Mixin BoxOptions options,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        try (OpenBox open = store.atCompute(box, options::kept)) {
            open.link().take();
            TrainingJob job =
                    options.work(
                                    open.box(),
                                    BoxWork.Machine.asAsked(),
                                    new NodeLines(err()),
                                    new StopSignal())
                            .prepare();
            answer(
                    json,
                    job,
                    "round %s: %,d tokens in %s%nnext:   your trainer, or: tapestry train %s",
                    job.round(),
                    job.corpus().map(TrainingJob.Corpus::tokens).orElse(0L),
                    open.box().path(),
                    open.box().path());
            return 0;
        }
    }

    @Command(
            name = "train",
            description = {
                "Where the text is: train what a box asks for, with the embedded engine.",
                "Tokens and the optimiser's state stay on this machine (--work). Killed and started"
                        + " again, it goes on."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry round train /media/usb/box --corpus /data/corpus",
                "  tapestry round train /media/usb/box --corpus /data/corpus --device cuda"
            })
    int train(
            @Parameters(paramLabel = "BOX", description = BOX) String box,
            @Mixin StoreOptions store,
            @Mixin BoxOptions options,
            @Mixin ComputeOptions compute,
            @Option(names = "--json", description = "The result as one line of JSON.")
                    boolean json) {
        StopSignal stop = new StopSignal();
        try (Signals _ = Signals.during(stop::request);
                OpenBox open = store.atCompute(box, options::kept)) {
            open.link().take();
            DropBox carried = open.box();
            JobDone done =
                    options.corpus() == null && Files.isDirectory(carried.directory().corpus())
                            ? given(carried, compute, stop)
                            : options.work(
                                            carried,
                                            compute.machine(),
                                            new NodeLines(err()).and(open.telling()),
                                            stop)
                                    .train();
            open.link().give();
            answer(
                    json,
                    done,
                    "trained %d steps on %,d tokens, mean loss %.4f nats per token%nnext:   carry it back; tapestry round submit DIR %s",
                    done.steps(),
                    done.tokens(),
                    done.meanLoss(),
                    store.words(box));
            return 0;
        }
    }

    /** The gateway had the text, and gave what may be trained on. */
    private static JobDone given(DropBox box, ComputeOptions compute, StopSignal stop) {
        TrainingJob job = box.training();
        box.model(box.directory().base(), job.base());
        return box.isDone()
                ? JobDone.of(box.directory(), job)
                : new JobTraining(box.path(), compute.jobMachine(), stop).run(compute.threads());
    }

    @Command(
            name = "score",
            description = {
                "Where the text is: score a box's candidate and its base on the held-out part.",
                "Numbers go into the box, and nothing else."
            },
            footer = {
                "",
                "Example:",
                "  tapestry round score /media/usb/box --corpus /data/corpus"
            })
    int score(
            @Parameters(paramLabel = "BOX", description = BOX) String box,
            @Mixin StoreOptions store,
            @Mixin BoxOptions options,
            @Mixin ComputeOptions compute,
            @Option(names = "--json", description = "The result as one line of JSON.")
                    boolean json) {
        StopSignal stop = new StopSignal();
        try (Signals _ = Signals.during(stop::request);
                OpenBox open = store.atCompute(box, options::kept)) {
            open.link().take();
            ScoreReport report =
                    options.work(open.box(), compute.machine(), new NodeLines(err()), stop).score();
            open.link().give();
            answer(
                    json,
                    report,
                    "candidate %.4f bits per byte, base %.4f%nnext:   carry it back; tapestry round submit DIR %s",
                    report.score().candidateBitsPerByte(),
                    report.score().baseBitsPerByte(),
                    store.words(box));
            return 0;
        }
    }

    /** Where the text is, and what is kept there. */
    static final class BoxOptions {

        @Option(
                names = "--corpus",
                paramLabel = "CORPUS_DIR",
                description = "The member's text, with its card.yaml.")
        private @Nullable Path corpus;

        @Option(
                names = "--work",
                paramLabel = "DIR",
                description = {
                    "Kept on this machine from round to round: tokens, the optimiser's state, a log.",
                    "Default: CORPUS_DIR.rounds, beside the text."
                })
        private @Nullable Path work;

        @Nullable Path corpus() {
            return corpus;
        }

        BoxWork work(DropBox box, BoxWork.Machine machine, NodeProgress lines, StopSignal stop) {
            if (corpus == null) {
                throw new CommandException(
                        ExitCode.USAGE,
                        "--corpus is missing: the text does not lie in the box",
                        null);
            }
            return new BoxWork(
                    box,
                    corpus.toAbsolutePath().normalize(),
                    kept(),
                    machine,
                    lines,
                    stop,
                    InstantSource.system());
        }

        /** What is kept on this machine from round to round. */
        NodeHome kept() {
            if (work != null) {
                return new NodeHome(work);
            }
            if (corpus == null) {
                throw new CommandException(
                        ExitCode.USAGE,
                        "--work is missing: without --corpus it names where the box's working copy is kept",
                        null);
            }
            Path text = corpus.toAbsolutePath().normalize();
            return new NodeHome(text.resolveSibling(text.getFileName() + ".rounds"));
        }
    }
}
