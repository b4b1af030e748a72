package dev.tapestry.node.trainer;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.training.LearningRateSchedule;
import dev.tapestry.training.OptimizerPlan;
import dev.tapestry.training.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What an own trainer leaves in its directory, for a fuzzer that lives elsewhere. */
public final class TrainerReaders {

    private TrainerReaders() {}

    private static TrainingJob job() {
        return new TrainingJob(
                Protocol.VERSION,
                new RoundNumber(1),
                new MemberId("ada"),
                Digest.of(new byte[0]),
                Digest.of(new byte[0]),
                Optional.of(new TrainingJob.Corpus("pack", 100, 400, Optional.empty())),
                2,
                64,
                2,
                16,
                7,
                OptimizerPlan.AdamW.of(0.001, 0.1),
                1,
                new LearningRateSchedule.Constant(0),
                0,
                Precision.FP32,
                1,
                Instant.EPOCH,
                Optional.empty(),
                Optional.empty());
    }

    /** Reads {@code metrics.jsonl} to its end. */
    public static void metrics(byte[] bytes, Path scratch) throws IOException {
        JobDirectory directory = new JobDirectory(scratch);
        Files.write(directory.metrics(), bytes);
        new MetricsTail(directory.metrics(), job()).rest();
    }

    /** Good bytes for it. */
    public static List<byte[]> metricsSeeds() {
        return List.of(
                "{\"loss\":3.1,\"step\":1,\"tokens\":32}\n{\"loss\":3.0,\"step\":2,\"tokens\":64}"
                        .getBytes(UTF_8));
    }

    /** Reads {@code done.json}. */
    public static void done(byte[] bytes, Path scratch) throws IOException {
        JobDirectory directory = new JobDirectory(scratch);
        Files.write(directory.done(), bytes);
        JobDone.of(directory, job());
    }

    /** Good bytes for it. */
    public static List<byte[]> doneSeeds() {
        return List.of("{\"meanLoss\":3.0,\"steps\":2,\"tokens\":64}".getBytes(UTF_8));
    }

    /** Reads {@code job.json}, as the trainer's side does. */
    public static void description(byte[] bytes, Path scratch) throws IOException {
        Path file = new JobDirectory(scratch).job();
        Files.write(file, bytes);
        TrainingJob.read(file);
    }

    /** Good bytes for it. */
    public static List<byte[]> descriptionSeeds() {
        return List.of(job().bytes());
    }
}
