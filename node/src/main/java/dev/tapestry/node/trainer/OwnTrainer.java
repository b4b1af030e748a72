package dev.tapestry.node.trainer;

import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.TrainerCommand;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The member's own command trains. It is given a {@link JobDirectory} as its last word and ends
 * with 0 when it has left its results there.
 *
 * <p>A node that was killed finds what it had begun: a job that is done is used, another is handed
 * to the command again. Nothing that the command leaves is believed before it was looked at.
 */
final class OwnTrainer implements RoundTrainer {

    private static final System.Logger LOG = System.getLogger(OwnTrainer.class.getName());
    private static final long POLL_MILLIS = 50;
    private static final Duration GRACE = Duration.ofSeconds(10);

    private final TrainerCommand command;
    private final NodeConfig config;
    private final NodeProgress progress;
    private final StopSignal stop;
    private final InstantSource clock;
    private final JobDirectory directory;

    OwnTrainer(
            TrainerCommand command,
            NodeConfig config,
            NodeProgress progress,
            StopSignal stop,
            InstantSource clock) {
        this.command = command;
        this.config = config;
        this.progress = progress;
        this.stop = stop;
        this.clock = clock;
        this.directory = new JobDirectory(command.directory());
    }

    @Override
    public TrainingRun.Result train(RoundTask task, OpenText text, Path target) {
        TrainingJob job = TrainingJob.of(task, config, Optional.of(TrainingJob.Corpus.of(text)));
        try (ModelDirectory base = ModelDirectory.open(task.base())) {
            EmbeddedTraining.requireF32(base);
            JobProcesses processes = new JobProcesses(directory);
            processes.end(GRACE); // those of a node that was killed
            if (directory.holds(job)) {
                if (Files.exists(directory.done())) {
                    try {
                        return JobResult.take(directory, job, task, base, target);
                    } catch (NodeException e) {
                        LOG.log(
                                System.Logger.Level.WARNING,
                                "what was left of round {0} is of no use: {1}",
                                job.round(),
                                e.getMessage());
                    }
                }
                directory.clearOutputs();
            } else {
                directory.layOut(
                        job, task.base(), task.gradients().flatMap(GradientTask::correction), text);
            }
            run(job, processes);
            return JobResult.take(directory, job, task, base, target);
        }
    }

    /** A job begins from a base: the command is not asked to go on without. */
    @Override
    public void goOn(RoundTask task, int count, Supplier<OpenText> text) {}

    @Override
    public void rest() {}

    /** What it leaves lies there for people until the next job is laid out. */
    @Override
    public void forget() {}

    private void run(TrainingJob job, JobProcesses processes) {
        StepTeller steps = new StepTeller(job, progress, clock);
        MetricsTail metrics = new MetricsTail(directory.metrics(), job);
        int exitCode;
        try {
            Process process = start(processes);
            watch(process, metrics, steps);
            exitCode = process.exitValue();
        } finally {
            processes.end(GRACE); // also what the command left running behind it
        }
        stop.check();
        if (exitCode != 0) {
            throw failed(
                    Code.TRAINER_FAILED, "the trainer ended with exit code %d".formatted(exitCode));
        }
        steps.tell(metrics.rest());
    }

    private Process start(JobProcesses processes) {
        if (command.program().isEmpty()) {
            throw new NodeException(
                    Code.TRAINER_FAILED,
                    "there is no program '%s' that may be executed; correct trainer.command in node.yaml"
                            .formatted(command.command().getFirst()));
        }
        List<String> words = new ArrayList<>(command.command());
        words.add(directory.path().toString());
        try {
            return processes.start(words, command.environment(), directory.log());
        } catch (IOException e) {
            throw new NodeException(Code.TRAINER_FAILED, "cannot start the trainer: " + e, e);
        }
    }

    /**
     * Returns when the command has ended; refuses to wait for one that gets nowhere. That the round
     * is over, which its deadline alone does not say, is told by the signal to stop.
     */
    private void watch(Process process, MetricsTail metrics, StepTeller steps) {
        Lease lease = new Lease(command.lease());
        while (!ended(process)) {
            stop.check();
            List<JobStep> more = metrics.more();
            steps.tell(more);
            lease.renewIf(!more.isEmpty(), logged());
            if (lease.expired()) {
                throw failed(
                        Code.TRAINER_OUT_OF_TIME,
                        "the trainer made no progress for its lease of " + lease.length());
            }
        }
    }

    private static boolean ended(Process process) {
        try {
            return process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NodeException(Code.STOPPED, "interrupted while the trainer works", e);
        }
    }

    private long logged() {
        try {
            return Files.size(directory.log());
        } catch (IOException _) {
            return 0; // the command took it away
        }
    }

    private NodeException failed(Code code, String what) {
        return new NodeException(code, what + LogExcerpt.of(directory.log()));
    }
}
