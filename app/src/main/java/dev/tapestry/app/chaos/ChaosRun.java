package dev.tapestry.app.chaos;

import dev.tapestry.app.demo.DemoMember;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.Wire;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The run that is done twice.
 *
 * @param members nodes, at least 2
 * @param steps of a node in a round
 * @param seed of the run
 * @param whole whether weights travel as they are, in fp32, and lie in several files, so that each
 *     contribution and each merge has parts that can be there or not; else they travel coded
 */
record ChaosRun(List<DemoMember> members, int steps, long seed, boolean whole) {

    /** More rounds than anybody waits for: a run ends when enough was seen. */
    private static final int ROUNDS = 10_000;

    private static final int BATCH = 4;
    private static final int SEQUENCE = 64;

    /** A base of four megabytes is in seven or eight files. */
    private static final long SMALL_SHARDS = 600_000;

    ChaosRun {
        members = List.copyOf(members);
    }

    RunPlan plan() {
        MergeRule rule = MergeRule.diLoCo(1, 0.5);
        long total = (long) ROUNDS * steps * BATCH * SEQUENCE;
        LocalTraining training =
                new LocalTraining(
                        steps,
                        LocalTraining.Optimizer.MUON,
                        0.005,
                        0.1,
                        LocalTraining.Schedule.COSINE,
                        0,
                        total,
                        BATCH,
                        SEQUENCE,
                        0.01,
                        1,
                        seed);
        RunPlan plain = new RunPlan(ROUNDS, training, rule, 1_000);
        if (whole) {
            return plain;
        }
        CodecName int4 = new CodecName("int4/1");
        return plain.over(new Wire(Optional.of(int4), Optional.of(int4)))
                .sharing(new CodecName("int8/1"));
    }

    /** Steps of all nodes in a round. */
    long stepsPerRound() {
        return (long) steps * members.size();
    }

    /** Writes what the consortia begin with into {@code directory}: a base in F32, and corpora. */
    Beginning beginning(Path directory, Path shippedBase) {
        Path base = directory.resolve("base");
        try (ModelDirectory shipped = ModelDirectory.open(shippedBase)) {
            ModelConversion.convert(
                    shipped,
                    base,
                    DType.F32,
                    whole ? SMALL_SHARDS : ModelDirectoryWriter.DEFAULT_SHARD_BYTES);
        }
        Path corpora = directory.resolve("corpora");
        members.forEach(member -> member.writeCorpus(corpora.resolve(member.id().value())));
        return new Beginning(base, corpora);
    }

    /**
     * With what the consortia begin.
     *
     * @param base that they adopt
     * @param corpora of the members, by their ids
     */
    record Beginning(Path base, Path corpora) {}
}
