package dev.tapestry.app.study.simulation;

import dev.tapestry.app.study.simulation.Learning.Setting;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.node.build.TrainingRun;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.TensorSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Members that each descend a {@link NoisyQuadratic} of their own; θ is one tensor [1, d]. */
final class QuadraticWork implements LocalWork {

    private static final String TENSOR = "quadratic.weight";
    private static final ValueLayout.OfFloat F32 =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The places of what is drawn for all; members are counted from 0. */
    private static final int CENTRE = -1;

    private static final int START = -2;

    private final NoisyQuadratic model;
    private final Setting setting;
    private final List<MemberId> members;
    private final double[] curvatures;

    /** The round in which what a member contributed last may be trained on, by its steps ahead. */
    private final Map<MemberId, RoundNumber> expected = new TreeMap<>();

    QuadraticWork(NoisyQuadratic model, Setting setting) {
        this.model = model;
        this.setting = setting;
        this.members =
                IntStream.rangeClosed(1, setting.members())
                        .mapToObj(n -> new MemberId("m-%04d".formatted(n)))
                        .toList();
        this.curvatures = new double[model.dimensions()];
        int last = Math.max(1, curvatures.length - 1);
        for (int i = 0; i < curvatures.length; i++) {
            curvatures[i] = StrictMath.pow(model.condition(), -(double) i / last);
        }
    }

    @Override
    public List<MemberId> members() {
        return members;
    }

    @Override
    public void writeStart(Path target) {
        TensorSpec spec = TensorSpec.of(TENSOR, DType.F32, 1, model.dimensions());
        try (ModelDirectoryWriter writer =
                ModelDirectoryWriter.create(target, List.of(spec), Long.MAX_VALUE)) {
            write(drawn(START), writer.data(TENSOR));
            writer.addFile(
                    ModelDirectory.CONFIG,
                    "{\"model_type\": \"noisy-quadratic\"}\n".getBytes(StandardCharsets.UTF_8));
            writer.commit();
        }
    }

    @Override
    public TrainingRun.Result train(Task task, Path target) {
        setting.resources().stop().check();
        if (task.gradients().isPresent()) {
            throw new IllegalArgumentException("a noisy quadratic has no gradients to share");
        }
        int place = members.indexOf(task.member());
        Descent descent = new Descent(optimum(place), lots(place, task.round()));
        int steps = task.steps();
        try (ModelDirectory base = ModelDirectory.open(task.base())) {
            double[] theta = begun(task, read(base), descent);
            descent.walk(theta, steps - descent.steps);
            requireNumber(descent.sum, task.member());
            write(theta, base, target);
            if (setting.overlaps()) {
                keep(task, theta, base);
            }
        }
        double mean = descent.sum / steps;
        return new TrainingRun.Result(steps, steps, mean, mean);
    }

    /** Where the steps begin for which the base is needed. */
    private double[] begun(Task task, double[] base, Descent descent) {
        if (task.ahead() == 0 || !task.round().equals(expected.get(task.member()))) {
            return base;
        }
        double[] sent;
        try (ModelDirectory contributed = ModelDirectory.open(kept(task.member()))) {
            sent = read(contributed);
        }
        double[] theta = sent.clone();
        descent.walk(theta, task.ahead());
        for (int i = 0; i < theta.length; i++) {
            theta[i] = base[i] + (theta[i] - sent[i]);
        }
        return theta;
    }

    private void keep(Task task, double[] theta, ModelDirectory like) {
        Path place = kept(task.member());
        try {
            Drafts.delete(place);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        write(theta, like, place);
        expected.put(task.member(), task.round().next());
    }

    private Path kept(MemberId member) {
        return setting.folder().resolve("contributed-by-" + member);
    }

    private SplittableRandom lots(int place, RoundNumber round) {
        return Lots.at(setting.seed(), Lots.Of.NOISE, place, round.value());
    }

    /** One member's steps of a round, one after the other. */
    private final class Descent {

        private final double[] optimum;
        private final SplittableRandom lots;
        private double sum;
        private int steps;

        Descent(double[] optimum, SplittableRandom lots) {
            this.optimum = optimum;
            this.lots = lots;
        }

        void walk(double[] theta, int count) {
            for (int step = 0; step < count; step++) {
                sum += loss(theta, optimum);
                descend(theta, optimum, lots);
            }
            steps += count;
        }
    }

    private void descend(double[] theta, double[] optimum, SplittableRandom lots) {
        for (int i = 0; i < theta.length; i++) {
            double gradient = curvatures[i] * (theta[i] - optimum[i]);
            double noise = model.noise() * Math.sqrt(curvatures[i]) * lots.nextGaussian();
            theta[i] -= model.learningRate() * (gradient + noise);
        }
    }

    private double loss(double[] theta, double[] optimum) {
        double sum = 0;
        for (int i = 0; i < theta.length; i++) {
            double distance = theta[i] - optimum[i];
            sum += curvatures[i] * distance * distance;
        }
        return sum / 2 / theta.length;
    }

    @Override
    public SortedMap<MemberId, Double> losses(Path candidate) {
        SortedMap<MemberId, Double> losses = new TreeMap<>();
        try (ModelDirectory directory = ModelDirectory.open(candidate)) {
            double[] theta = read(directory);
            for (int place = 0; place < members.size(); place++) {
                double loss = loss(theta, optimum(place));
                requireNumber(loss, members.get(place));
                losses.put(members.get(place), loss);
            }
        }
        return losses;
    }

    /** Drawn again each time: hundreds of optima need no room. */
    private double[] optimum(int place) {
        double[] optimum = drawn(CENTRE);
        double[] apart = drawn(place);
        for (int i = 0; i < optimum.length; i++) {
            optimum[i] += model.heterogeneity() * apart[i];
        }
        return optimum;
    }

    private double[] drawn(int place) {
        SplittableRandom lots = Lots.at(setting.seed(), Lots.Of.OPTIMA, place, 0);
        double[] values = new double[model.dimensions()];
        for (int i = 0; i < values.length; i++) {
            values[i] = lots.nextGaussian();
        }
        return values;
    }

    private static void requireNumber(double loss, MemberId member) {
        if (!Double.isFinite(loss) || loss > Float.MAX_VALUE) {
            throw new Diverged("the loss of %s is %s: lower a rate".formatted(member, loss));
        }
    }

    private double[] read(ModelDirectory from) {
        MemorySegment data = from.data(TENSOR);
        double[] values = new double[model.dimensions()];
        for (int i = 0; i < values.length; i++) {
            values[i] = data.getAtIndex(F32, i);
        }
        return values;
    }

    private static void write(double[] values, ModelDirectory like, Path target) {
        try (ModelDirectoryWriter writer = ModelDirectoryWriter.createLike(like, target)) {
            write(values, writer.data(TENSOR));
            writer.commit();
        }
    }

    private static void write(double[] values, MemorySegment into) {
        for (int i = 0; i < values.length; i++) {
            into.setAtIndex(F32, i, (float) values[i]);
        }
    }

    /** A step counts the noise of a gradient, so its cost is of no meaning here. */
    @Override
    public double stepsToScore() {
        return 1;
    }

    @Override
    public boolean forgets() {
        return !setting.overlaps();
    }

    @Override
    public long scoredBytes() {
        return 1;
    }

    @Override
    public void close() {}
}
