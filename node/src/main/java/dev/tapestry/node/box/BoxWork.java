package dev.tapestry.node.box;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.Score;
import dev.tapestry.consortium.protocol.ScoreReport;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.node.Compute;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeLog;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.build.HeldOutEvaluation;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.node.trainer.GradientTask;
import dev.tapestry.node.trainer.JobDirectory.Output;
import dev.tapestry.node.trainer.JobDone;
import dev.tapestry.node.trainer.RoundTask;
import dev.tapestry.node.trainer.RoundTrainer;
import dev.tapestry.node.trainer.TrainedNote;
import dev.tapestry.node.trainer.TrainingJob;
import dev.tapestry.node.trainer.TrainingJob.Corpus;
import dev.tapestry.training.Precision;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Does what a box asks for, on a machine that needs no network and no keys. The text, its tokens
 * and the trainer's state stay on that machine: the box takes weights and numbers away.
 *
 * <p>Stopped or killed and begun again, it goes on; begun again when all is done, it says so.
 */
public final class BoxWork {

    private final DropBox box;
    private final Path corpus;
    private final NodeHome work;
    private final Machine machine;
    private final NodeProgress progress;
    private final StopSignal stop;
    private final InstantSource clock;

    /** How this machine differs from what the gateway's settings say. */
    @FunctionalInterface
    public interface Machine {
        /** What trains and scores here, where the box asks for so many threads and a precision. */
        Compute compute(int threads, Precision precision);

        /** As the box asks. */
        static Machine asAsked() {
            return Compute::of;
        }
    }

    /** What is open while something is done. */
    private record Bench(NodeConfig config, NodeLog log, OpenText text) implements AutoCloseable {
        @Override
        public void close() {
            text.close();
            log.close();
        }
    }

    /**
     * The work of a box.
     *
     * @param corpus the member's text, with its card
     * @param work where tokens, the trainer's state and a log of what was done are kept from round
     *     to round, on this machine
     */
    public BoxWork(
            DropBox box,
            Path corpus,
            NodeHome work,
            Machine machine,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        this.box = box;
        this.corpus = corpus;
        this.work = work;
        this.machine = machine;
        this.progress = progress;
        this.stop = stop;
        this.clock = clock;
    }

    /**
     * Puts the training part of the text into the box, for a trainer of the member's own.
     *
     * @throws NodeException {@code BOX_INCOMPLETE}, {@code BOX_DAMAGED}, {@code POLICY}
     */
    public TrainingJob prepare() {
        TrainingJob job = box.training();
        Path base = box.model(box.directory().base(), job.base());
        Compute compute = machine.compute(job.threads(), job.precision());
        try (Bench bench = bench(job.member(), compute, base)) {
            TrainingJob complete = job.on(Corpus.of(bench.text()));
            Path folder = box.directory().corpus();
            if (!complete.equals(job) || !Files.isDirectory(folder)) {
                box.results().drop();
                Drafts.delete(box.directory().job()); // not to be trained while it changes
                Drafts.delete(folder);
                Files.createDirectory(folder);
                bench.text().giveTraining(folder);
                box.directory().describe(complete);
            }
            return complete;
        } catch (IOException e) {
            throw storage(e);
        }
    }

    /**
     * Trains with the embedded engine, unless that is done.
     *
     * @throws NodeException {@code BOX_INCOMPLETE}, {@code BOX_DAMAGED}, {@code POLICY}, {@code
     *     STOPPED}
     */
    public JobDone train() {
        TrainingJob asked = box.training();
        Optional<JobDone> before = box.results().trained(asked);
        if (before.isPresent()) {
            return before.get();
        }
        RoundPlan plan = box.plan(asked.plan());
        Path base = box.model(box.directory().base(), asked.base());
        Compute compute = machine.compute(asked.threads(), asked.precision());
        try (Bench bench = bench(asked.member(), compute, base)) {
            TrainingJob job = asked.on(Corpus.of(bench.text()));
            box.results().drop();
            box.directory().begin();
            box.directory().describe(job);
            bench.log()
                    .decided(
                            clock.instant(),
                            Optional.of(job.round()),
                            Verdict.TRAINS,
                            "in a box, from base " + job.base());
            Path weights = made("weights");
            Path gradient = made("gradient");
            RoundTask task =
                    new RoundTask(
                            plan,
                            job.plan(),
                            job.scheduleTokens(),
                            base,
                            job.steps(),
                            job.gradients().map(given -> gradientTask(given, gradient)));
            TrainingRun.Result result = trained(job, task, bench, weights);
            hand(weights, Output.WEIGHTS);
            if (task.gradients().isPresent()) {
                hand(gradient, Output.GRADIENT);
            }
            JobDone done = new JobDone(result.tokens(), result.steps(), result.natsPerToken());
            box.results().seal(done);
            Drafts.delete(made(""));
            return done;
        } catch (IOException e) {
            throw storage(e);
        }
    }

    /** Trains, unless only the way into the box was cut off. */
    private TrainingRun.Result trained(TrainingJob job, RoundTask task, Bench bench, Path weights)
            throws IOException {
        String name = job.plan() + " " + bench.text().pack();
        TrainedNote note = TrainedNote.in(made(""));
        Optional<TrainingRun.Result> before = note.of(name);
        if (before.isPresent()) {
            return before.get();
        }
        Drafts.delete(made(""));
        Files.createDirectories(made(""));
        RoundTrainer trainer =
                RoundTrainer.of(
                        work,
                        bench.config(),
                        progress.and(box.directory().telling(job)),
                        stop,
                        clock);
        try {
            TrainingRun.Result result = trainer.train(task, bench.text(), weights);
            note.write(name, result);
            return result;
        } finally {
            trainer.rest();
        }
    }

    /**
     * Scores base and candidate on the held-out text, unless that is done.
     *
     * @throws NodeException {@code BOX_INCOMPLETE}, {@code BOX_DAMAGED}, {@code POLICY}
     */
    public ScoreReport score() {
        ScoringJob job = box.toScore();
        if (box.isDone()) {
            return box.results().scored(job);
        }
        RoundPlan plan = box.plan(job.plan());
        Path base = box.model(box.directory().base(), job.base());
        Path candidate = box.model(box.candidate(), job.candidate());
        Compute compute = machine.compute(job.threads(), job.precision());
        try (Bench bench = bench(job.member(), compute, candidate)) {
            HeldOutEvaluation.Result before = loss(plan, base, bench, compute);
            stop.check();
            HeldOutEvaluation.Result after = loss(plan, candidate, bench, compute);
            ScoreReport report =
                    new ScoreReport(
                            job.round(),
                            job.member(),
                            job.candidate(),
                            new Score(after.bitsPerByte(), before.bitsPerByte(), after.bytes()));
            bench.log()
                    .decided(
                            clock.instant(),
                            Optional.of(job.round()),
                            Verdict.SCORED,
                            "in a box, candidate %s: %s bits per byte, base %s"
                                    .formatted(
                                            job.candidate(),
                                            after.bitsPerByte(),
                                            before.bitsPerByte()));
            box.results().seal(report);
            return report;
        }
    }

    private static HeldOutEvaluation.Result loss(
            RoundPlan plan, Path model, Bench bench, Compute compute) {
        return new HeldOutEvaluation(compute)
                .of(
                        model,
                        bench.text().heldOut(),
                        plan.training().sequenceLength(),
                        plan.scoringTokens());
    }

    /** Opens the log, which one process at a time may, and the text, once its card was asked. */
    private Bench bench(MemberId member, Compute compute, Path model) {
        BoxLabel label = box.read();
        if (!label.member().equals(member)) {
            throw new NodeException(
                    Code.BOX_DAMAGED,
                    "box.json is of '%s', the orders in it are of '%s'"
                            .formatted(label.member(), member));
        }
        NodeConfig config =
                NodeConfig.standard(member, corpus.toAbsolutePath().normalize())
                        .with(compute)
                        .withHoldOut(label.holdOutFraction(), label.holdOutSalt());
        compute.device().require();
        try {
            Files.createDirectories(work.directory());
        } catch (IOException e) {
            throw new NodeException(
                    Code.STORAGE, "cannot keep anything in " + work.directory() + ": " + e, e);
        }
        NodeLog log = NodeLog.open(work.log(), member);
        try {
            MemberCorpus text = new MemberCorpus(work, config);
            return new Bench(config, log, text.open(model, PermittedUse.CONTRIBUTED_CPT));
        } catch (RuntimeException e) {
            log.close();
            throw e;
        }
    }

    private GradientTask gradientTask(TrainingJob.MeanGradient asked, Path target) {
        return new GradientTask(
                asked.corrected() ? Optional.of(box.directory().correction()) : Optional.empty(),
                target);
    }

    /** What was trained, until it is in the box. */
    private Path made(String name) {
        return work.directory().resolve("trained").resolve(name);
    }

    /** Copies tensors into the box, under the names that the contract has. */
    private void hand(Path made, Output output) throws IOException {
        try (Stream<Path> files = Files.list(made)) {
            List<Path> tensors =
                    files.filter(file -> file.toString().endsWith(".safetensors")).toList();
            for (Path file : tensors) {
                String shard = file.getFileName().toString();
                Path target =
                        box.path()
                                .resolve(
                                        output.stem()
                                                + shard.substring(Output.WEIGHTS.stem().length()));
                Path draft = Drafts.beside(target);
                Files.copy(file, draft);
                try (FileChannel copy = FileChannel.open(draft, StandardOpenOption.WRITE)) {
                    copy.force(true);
                }
                Drafts.publish(draft, target);
            }
        }
    }

    private NodeException storage(IOException e) {
        return new NodeException(Code.STORAGE, "cannot work in " + box.path() + ": " + e, e);
    }
}
