package dev.tapestry.app.train;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.DatasetCard;
import dev.tapestry.corpus.PackedCorpus;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TokenShard;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.node.trainer.EmbeddedTraining;
import dev.tapestry.node.trainer.GradientTask;
import dev.tapestry.node.trainer.JobDirectory;
import dev.tapestry.node.trainer.JobDirectory.Output;
import dev.tapestry.node.trainer.JobDone;
import dev.tapestry.node.trainer.RoundSteps;
import dev.tapestry.node.trainer.TrainingJob;
import dev.tapestry.training.Device;
import dev.tapestry.training.GroupPlan;
import dev.tapestry.training.ProcessGroup;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.TrainingException;
import dev.tapestry.training.TrainingPlan;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Does what a {@link JobDirectory} asks for. */
public final class JobTraining {

    /**
     * What a job does not say.
     *
     * @param device to train on
     * @param accumulationSteps passes that a batch is cut into, which divide each process' share
     * @param activationCheckpointing whether the way back computes each layer again
     */
    public record Machine(Device device, int accumulationSteps, boolean activationCheckpointing) {

        public Machine {
            if (accumulationSteps < 1) {
                throw new IllegalArgumentException("accumulation steps are at least 1");
            }
        }

        /** As {@code tapestry train} takes it. */
        List<String> options() {
            List<String> options =
                    new ArrayList<>(
                            List.of(
                                    "--device",
                                    device.toString(),
                                    "--accumulation-steps",
                                    Integer.toString(accumulationSteps)));
            if (activationCheckpointing) {
                options.add("--activation-checkpointing");
            }
            return options;
        }
    }

    private final JobDirectory directory;
    private final Machine machine;
    private final StopSignal stop;

    /**
     * The job in {@code directory}; {@code stop} ends it between two steps.
     *
     * @param machine how this machine trains
     */
    public JobTraining(Path directory, Machine machine, StopSignal stop) {
        this.directory = new JobDirectory(directory);
        this.machine = machine;
        this.stop = stop;
    }

    /**
     * Trains, and writes all that the contract asks for.
     *
     * @param threads instead of the job's; null for those
     * @throws NodeException {@code CONFIG_INVALID}: there is no job, or of another version; {@code
     *     POLICY}: the card does not permit it; {@code STOPPED}
     * @throws TrainingException {@code DEVICE}
     */
    public JobDone run(@Nullable Integer threads) {
        TrainingJob job = TrainingJob.read(directory.job());
        return run(job, plan(job, threads), ProcessGroup.alone());
    }

    /**
     * The same as one of several processes that see the directory; rank 0 writes.
     *
     * @param threads of this process
     * @throws TrainingException {@code INVALID_PLAN} if the batch has no equal shares; {@code
     *     RENDEZVOUS}, {@code WORKER_LOST}, {@code WORKERS_DIFFER}
     */
    public JobDone runAs(GroupPlan place, @Nullable Integer threads) {
        TrainingJob job = TrainingJob.read(directory.job());
        return runAs(place, job, plan(job, threads));
    }

    /**
     * The same with so many processes on this machine, which are started and ended.
     *
     * @param threads of all of them together
     */
    public JobDone runWith(int processes, @Nullable Integer threads, Duration timeout) {
        TrainingJob job = TrainingJob.read(directory.job());
        int each = Math.max(1, (threads == null ? job.threads() : threads) / processes);
        TrainingPlan plan = plan(job, each);
        plan.sequencesPerProcess(processes); // refused before any is started
        try (LocalWorkers workers =
                LocalWorkers.start(
                        directory.path(), processes, each, timeout, machine.options(), stop)) {
            try {
                return runAs(workers.own(), job, plan);
            } catch (NodeException | TrainingException e) {
                throw workers.failure()
                        .filter(_ -> followsFromAnEnd(e))
                        .<RuntimeException>map(failure ->
                                new TrainingException(
                                        TrainingException.Code.WORKER_LOST,
                                        failure + "; what it said stands above",
                                        e))
                        .orElse(e);
            }
        }
    }

    /** Whether this may only say that training was stopped, here or in another process. */
    public static boolean followsFromAnEnd(RuntimeException e) {
        return switch (e) {
            case NodeException node -> node.code() == Code.STOPPED;
            case TrainingException training ->
                    training.code() == TrainingException.Code.WORKER_LOST
                            || training.code() == TrainingException.Code.RENDEZVOUS;
            default -> false;
        };
    }

    private TrainingPlan plan(TrainingJob job, @Nullable Integer threads) {
        return job.trainingPlan(threads == null ? job.threads() : threads)
                .withDevice(machine.device())
                .withMemory(machine.accumulationSteps(), machine.activationCheckpointing());
    }

    private JobDone runAs(GroupPlan place, TrainingJob job, TrainingPlan plan) {
        plan.sequencesPerProcess(place.size());
        try (ProcessGroup group = stop.interruptibly(() -> ProcessGroup.join(place))) {
            try {
                return run(job, plan, group);
            } catch (RuntimeException e) {
                group.leave(String.valueOf(e.getMessage()));
                throw e;
            }
        }
    }

    private JobDone run(TrainingJob job, TrainingPlan plan, ProcessGroup group) {
        machine.device().require();
        try (TokenShard shard = open()) {
            if (group.leads()) {
                directory.clearOutputs();
                Drafts.delete(made(Output.WEIGHTS));
                Drafts.delete(made(Output.GRADIENT));
            }
            TrainingRun.Result result = train(job, plan, Tokens.of(shard), group);
            JobDone done = new JobDone(result.tokens(), result.steps(), result.natsPerToken());
            if (group.leads()) {
                publish(Output.WEIGHTS);
                if (job.gradients().isPresent()) {
                    publish(Output.GRADIENT);
                }
                SafeFile.write(directory.done(), CanonicalJson.write(done));
            }
            return done;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The shard, once its card, which lies beside it, has been asked. */
    private TokenShard open() {
        try {
            DatasetCard card = DatasetCard.read(directory.corpus());
            card.require(PermittedUse.CONTRIBUTED_CPT);
            TokenShard shard = TokenShard.open(PackedCorpus.trainFile(directory.corpus()));
            if (!shard.card().equals(card.digest())) {
                shard.close();
                throw new NodeException(
                        Code.POLICY,
                        directory.corpus()
                                + ": the tokens are not of the text whose card lies beside them");
            }
            return shard;
        } catch (CorpusException e) {
            throw new NodeException(Code.POLICY, e.code() + ": " + e.getMessage(), e);
        }
    }

    private TrainingRun.Result train(
            TrainingJob job, TrainingPlan plan, Tokens tokens, ProcessGroup group) {
        return train(
                job,
                plan,
                tokens,
                group,
                group.leads() ? directory.telling(job) : NodeProgress.silent());
    }

    private TrainingRun.Result train(
            TrainingJob job,
            TrainingPlan plan,
            Tokens tokens,
            ProcessGroup group,
            NodeProgress progress) {
        return new EmbeddedTraining(
                        directory.state(), progress, stop, InstantSource.system(), group)
                .train(
                        new RoundSteps(job.round(), plan, job.steps(), job.scheduleTokens(), 0),
                        directory.base(),
                        tokens,
                        made(Output.WEIGHTS),
                        gradientTask(job));
    }

    private Optional<GradientTask> gradientTask(TrainingJob job) {
        return job.gradients()
                .map(asked ->
                        new GradientTask(
                                asked.corrected()
                                        ? Optional.of(directory.correction())
                                        : Optional.empty(),
                                made(Output.GRADIENT)));
    }

    /** Where the engine leaves it: a whole model directory, of which the tensors are asked for. */
    private Path made(Output output) {
        return directory.path().resolve("." + output.stem());
    }

    private void publish(Output output) throws IOException {
        Path made = made(output);
        try (Stream<Path> files = Files.list(made)) {
            List<Path> tensors =
                    files.filter(file -> file.toString().endsWith(".safetensors")).toList();
            for (Path file : tensors) {
                String shard = file.getFileName().toString();
                String name = output.stem() + shard.substring(Output.WEIGHTS.stem().length());
                Drafts.publish(file, directory.path().resolve(name));
            }
        }
        Drafts.delete(made);
    }
}
