package dev.tapestry.app.study.simulation;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.node.trainer.GradientTask;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiPredicate;

/**
 * Members that train nothing: their weights and gradients are numbers that tell member and round,
 * and what they are asked to correct is noted.
 */
final class Exercise implements LocalWork {

    /** The file of a model that is not contributed. */
    static final String CONFIG = "{\"model_type\": \"exercise\"}\n";

    private static final String TENSOR = "exercise.weight";
    private static final int ELEMENTS = 4;
    private static final ValueLayout.OfFloat F32 =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** What a member was asked in a round; the correction's elements are all alike. */
    record Asked(int place, int round, int steps, Optional<Float> correction) {}

    private final int members;
    private final List<Asked> asked = new ArrayList<>();
    private BiPredicate<Integer, Integer> runsAway = (_, _) -> false;
    private BiPredicate<Integer, Integer> explodes = (_, _) -> false;
    private List<Double> losses = List.of();
    private int scored;

    Exercise(int members) {
        this.members = members;
    }

    /** Weights of these, by place and round, are beyond every band. */
    Exercise whereWeightsRunAway(BiPredicate<Integer, Integer> which) {
        runsAway = which;
        return this;
    }

    /** Gradients of these, by place and round, are longer than any can be. */
    Exercise whereGradientsExplode(BiPredicate<Integer, Integer> which) {
        explodes = which;
        return this;
    }

    /** The losses of the start and of one candidate after the other; the last one's of the rest. */
    Exercise withLosses(Double... ofModels) {
        losses = List.of(ofModels);
        return this;
    }

    List<Asked> asked() {
        return asked;
    }

    /** What a member was asked when it first trained in a round. */
    Optional<Float> correction(int place, int round) {
        return asked.stream()
                .filter(one -> one.place() == place && one.round() == round)
                .findFirst()
                .orElseThrow()
                .correction();
    }

    /** Every element of a member's mean gradient in a round. */
    static float gradient(int place, int round) {
        return 8 * round + (place == 0 ? 0 : 1 << place);
    }

    @Override
    public List<MemberId> members() {
        List<MemberId> ids = new ArrayList<>();
        for (int place = 0; place < members; place++) {
            ids.add(new MemberId("m-" + place));
        }
        return ids;
    }

    @Override
    public void writeStart(Path target) {
        TensorSpec spec = TensorSpec.of(TENSOR, DType.F32, 1, ELEMENTS);
        try (ModelDirectoryWriter writer =
                ModelDirectoryWriter.create(target, List.of(spec), Long.MAX_VALUE)) {
            fill(writer, 1);
            writer.addFile(ModelDirectory.CONFIG, CONFIG.getBytes(StandardCharsets.UTF_8));
            writer.commit();
        }
    }

    @Override
    public TrainingRun.Result train(Task task, Path target) {
        int place = members().indexOf(task.member());
        int number = task.round().value();
        Optional<GradientTask> gradients = task.gradients();
        asked.add(
                new Asked(
                        place,
                        number,
                        task.steps(),
                        gradients.flatMap(GradientTask::correction).map(Exercise::value)));
        float step = runsAway.test(place, number) ? 100 : 0.01f * gradient(place, number) / 8;
        try (ModelDirectory before = ModelDirectory.open(task.base())) {
            write(before, target, value(task.base()) - step);
            gradients.ifPresent(asks ->
                    write(
                            before,
                            asks.target(),
                            explodes.test(place, number) ? 1e6f : gradient(place, number)));
        }
        return new TrainingRun.Result(1, 1, 1, 1);
    }

    private static void write(ModelDirectory like, Path target, float value) {
        try (ModelDirectoryWriter writer = ModelDirectoryWriter.createLike(like, target)) {
            fill(writer, value);
            writer.commit();
        }
    }

    private static void fill(ModelDirectoryWriter writer, float value) {
        for (int i = 0; i < ELEMENTS; i++) {
            writer.data(TENSOR).setAtIndex(F32, i, value);
        }
    }

    private static float value(Path model) {
        try (ModelDirectory directory = ModelDirectory.open(model)) {
            return directory.data(TENSOR).getAtIndex(F32, 0);
        }
    }

    @Override
    public boolean forgets() {
        return false;
    }

    @Override
    public SortedMap<MemberId, Double> losses(Path model) {
        double loss = losses.isEmpty() ? 1 : losses.get(Math.min(scored, losses.size() - 1));
        scored++;
        SortedMap<MemberId, Double> all = new TreeMap<>();
        members().forEach(member -> all.put(member, loss));
        return all;
    }

    @Override
    public double stepsToScore() {
        return 1;
    }

    @Override
    public long scoredBytes() {
        return 1;
    }

    @Override
    public void close() {}
}
