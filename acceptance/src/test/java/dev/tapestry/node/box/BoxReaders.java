package dev.tapestry.node.box;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Score;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.ScoreReport;
import dev.tapestry.node.egress.ReceiptBook;
import dev.tapestry.node.egress.StoreAddress;
import dev.tapestry.node.egress.StoreGate;
import dev.tapestry.objects.DiskObjects;
import dev.tapestry.objects.Meter;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/** What comes back in a box that was carried, for a fuzzer that lives elsewhere. */
public final class BoxReaders {

    private static final MemberId ADA = new MemberId("ada");
    private static final RoundNumber FIRST = new RoundNumber(1);
    private static final Digest DIGEST = Digest.of(new byte[0]);
    private static final byte[] RESULT = "weights".getBytes(UTF_8);

    private static final ScoringJob JOB =
            new ScoringJob(Protocol.VERSION, FIRST, ADA, DIGEST, DIGEST, DIGEST, Precision.FP32, 1);

    private BoxReaders() {}

    private static DropBox box(Path scratch, String file, byte[] bytes) throws IOException {
        Files.write(scratch.resolve(file), bytes);
        return new DropBox(scratch);
    }

    private static <T> void requireKept(T document, Class<T> type) {
        if (!CanonicalJson.read(CanonicalJson.write(document), type).equals(document)) {
            throw new IllegalStateException("written back it is not " + document);
        }
    }

    /** Reads {@code box.json}. */
    public static void label(byte[] bytes, Path scratch) throws IOException {
        requireKept(box(scratch, "box.json", bytes).read(), BoxLabel.class);
    }

    /** Good bytes for it. */
    public static List<byte[]> labelSeeds() {
        return List.of(
                CanonicalJson.write(new BoxLabel(Protocol.VERSION, "alliance", ADA, 0.05, "")));
    }

    /** Reads {@code score.json}. */
    public static void job(byte[] bytes, Path scratch) throws IOException {
        requireKept(box(scratch, "score.json", bytes).toScore(), ScoringJob.class);
    }

    /** Good bytes for it. */
    public static List<byte[]> jobSeeds() {
        return List.of(CanonicalJson.write(JOB));
    }

    /** Reads {@code scored.json}. */
    public static void score(byte[] bytes, Path scratch) throws IOException {
        requireKept(box(scratch, "scored.json", bytes).results().scored(JOB), ScoreReport.class);
    }

    /** Good bytes for it. */
    public static List<byte[]> scoreSeeds() {
        return List.of(
                CanonicalJson.write(new ScoreReport(FIRST, ADA, DIGEST, new Score(2.0, 2.1, 9))));
    }

    /** Reads {@code plan.json}, which has whatever digest it has. */
    public static void plan(byte[] bytes, Path scratch) throws IOException {
        requireKept(box(scratch, "plan.json", bytes).plan(Digest.of(bytes)), RoundPlan.class);
    }

    /** Good bytes for it. */
    public static List<byte[]> planSeeds() {
        LocalTraining training =
                new LocalTraining(
                        3,
                        LocalTraining.Optimizer.ADAMW,
                        0.01,
                        0.1,
                        LocalTraining.Schedule.COSINE,
                        0,
                        10_000,
                        4,
                        16,
                        0,
                        1,
                        42);
        return List.of(
                CanonicalJson.write(
                        RoundPlan.of(
                                new RunPlan(3, training, MergeRule.fedAvg(), 200),
                                FIRST,
                                DIGEST,
                                Optional.empty(),
                                List.of(ADA),
                                Instant.EPOCH)));
    }

    /** Reads {@code answer.json}; one that is damaged is none. */
    public static void answer(byte[] bytes, Path scratch) throws IOException {
        box(scratch, "answer.json", bytes)
                .answered()
                .ifPresent(answer -> requireKept(answer, BoxAnswer.class));
    }

    /** Good bytes for it. */
    public static List<byte[]> answerSeeds() {
        return List.of(
                CanonicalJson.write(
                        new BoxAnswer(
                                FIRST,
                                BoxAnswer.Work.SCORE,
                                false,
                                Optional.of("ROUND_CLOSED"),
                                "too late")));
    }

    /** Reads {@code orders.json}, as it lies in an object store. */
    public static void inventory(byte[] bytes, Path scratch) throws IOException {
        Path bucket = Files.createDirectories(scratch.resolve("bucket"));
        Files.write(bucket.resolve("orders.json"), bytes);
        StoreGate gate =
                new StoreGate(
                        StoreAddress.of("s3://bucket/box", Optional.empty(), Optional.empty()),
                        new DiskObjects(bucket),
                        new Meter(),
                        new ReceiptBook(_ -> {}, InstantSource.system()));
        new BoxStore(gate, new WorkingCopy(new DropBox(scratch)), scratch.resolve("arrivals"))
                .inventory(BoxHalf.ORDERS)
                .ifPresent(inventory -> requireKept(inventory, BoxInventory.class));
    }

    /** Good bytes for it. */
    public static List<byte[]> inventorySeeds() {
        return List.of(
                new BoxInventory(
                                Protocol.VERSION,
                                Optional.of("train " + DIGEST),
                                List.of(
                                        new BoxInventory.Item("box.json", DIGEST, 7),
                                        new BoxInventory.Item("base/model.safetensors", DIGEST, 9)))
                        .bytes());
    }

    /** Holds a result against {@code results.sha256}. */
    public static void sums(byte[] bytes, Path scratch) throws IOException {
        Path result = Files.write(scratch.resolve("model.safetensors"), RESULT);
        box(scratch, "results.sha256", bytes);
        Sums.require(scratch.resolve("results.sha256"), List.of(result));
    }

    /** Good bytes for it. */
    public static List<byte[]> sumsSeeds() {
        return List.of((Digest.of(RESULT).hex() + "  model.safetensors\n").getBytes(UTF_8));
    }
}
