package dev.tapestry.acceptance;

import static dev.tapestry.acceptance.SmallConsortium.is;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tapestry.acceptance.TrainerStage.Trained;
import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.consortium.LocalTraining.Optimizer;
import dev.tapestry.consortium.LocalTraining.Schedule;
import dev.tapestry.consortium.PrimalAveraging;
import dev.tapestry.consortium.Wire;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.node.NodeUpdate.Stepped;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The example trainers do what the embedded engine does. */
@Timeout(300)
class TrainersTest {

    private static final Path TRAINERS = Program.home().resolve("docs/examples/trainers");
    private static final List<String> EMBEDDED =
            List.of("bash", TRAINERS.resolve("embedded.sh").toString());

    @TempDir Path directory;

    @ParameterizedTest
    @CsvSource({"false, false", "true, false", "false, true"})
    void tapestry_train_gives_the_embedded_weights_bit_by_bit_over_several_rounds(
            boolean averaged, boolean gradients) throws IOException {
        TrainerStage stage = TrainerStage.in(directory, gradients);
        Program.launcher(directory);
        LocalTraining plain = TrainerStage.training(Optimizer.MUON, Schedule.COSINE);
        LocalTraining training = averaged ? plain.averaged(PrimalAveraging.over(4)) : plain;
        Path base = stage.base(true);
        // Any numbers of the base's layout correct as well as others: the last round's gradient.
        Optional<Path> last = Optional.empty();
        for (int round = 1; round <= 3; round++) {
            Trained embedded =
                    stage.train("embedded", Optional.empty(), training, round, base, last);
            Trained own = stage.train("own", Optional.of(EMBEDDED), training, round, base, last);
            assertThat(own.model().resolve("model.safetensors"))
                    .hasSameBinaryContentAs(embedded.model().resolve("model.safetensors"));
            last = embedded.gradient();
            last.ifPresent(gradient ->
                    assertThat(own.gradient().orElseThrow().resolve("model.safetensors"))
                            .hasSameBinaryContentAs(gradient.resolve("model.safetensors")));
            assertThat(own.result()).isEqualTo(embedded.result());
            assertThat(told(own)).isEqualTo(told(embedded)).hasSize(4);
            base = embedded.model();
        }
    }

    /** All that is told of a step, but for the time. */
    private static List<List<Number>> told(Trained trained) {
        return trained.steps().stream()
                .map(step ->
                        List.<Number>of(
                                step.round(),
                                step.step(),
                                step.steps(),
                                step.tokens(),
                                step.natsPerToken()))
                .toList();
    }

    @ParameterizedTest
    @CsvSource({
        "MUON, COSINE, true, false, false",
        "ADAMW, WSD, false, false, false",
        "MUON, WSD, true, true, false",
        "ADAMW, COSINE, true, false, true",
        "MUON, WSD, false, true, true"
    })
    void pytorch_agrees_with_the_embedded_engine(
            Optimizer optimizer,
            Schedule schedule,
            boolean tied,
            boolean gradients,
            boolean averaged)
            throws IOException, InterruptedException {
        Optional<String> python = pythonWithTorch();
        assumeTrue(
                python.isPresent(),
                "skipped: no python3 with torch and numpy here (Debian: apt-get install python3-torch python3-numpy)");
        List<String> command = List.of(python.get(), TRAINERS.resolve("pytorch.py").toString());
        TrainerStage stage = TrainerStage.in(directory, gradients);
        LocalTraining plain = TrainerStage.training(optimizer, schedule);
        LocalTraining training = averaged ? plain.averaged(PrimalAveraging.over(4)) : plain;
        Path base = stage.base(tied);
        Optional<Path> last = Optional.empty();
        for (int round = 1; round <= 3; round++) {
            Trained embedded =
                    stage.train("embedded", Optional.empty(), training, round, base, last);
            Trained torch = stage.train("torch", Optional.of(command), training, round, base, last);
            last = embedded.gradient();
            last.ifPresent(gradient ->
                    assertThat(distance(torch.gradient().orElseThrow(), gradient))
                            .isLessThan(0.01 * length(gradient)));
            for (int step = 0; step < 4; step++) {
                double expected = embedded.steps().get(step).natsPerToken();
                Stepped found = torch.steps().get(step);
                assertThat(found.natsPerToken())
                        .as("round %d, step %d", round, step + 1)
                        .isCloseTo(expected, within(1e-3 * expected));
                assertThat(found.tokens()).isEqualTo(embedded.steps().get(step).tokens());
            }
            double update = distance(base, embedded.model());
            double apart = distance(torch.model(), embedded.model());
            System.out.printf(
                    "%s round %d: update %.4g, apart %.4g%n", optimizer, round, update, apart);
            assertThat(apart).isLessThan(0.02 * update);
            base = embedded.model();
        }
    }

    /** The L2 norm of all weights' differences. */
    private static double distance(Path one, Path other) {
        double squares = 0;
        try (ModelDirectory a = ModelDirectory.open(one);
                ModelDirectory b = ModelDirectory.open(other)) {
            assertThat(a.tensors()).isEqualTo(b.tensors());
            for (String name : a.tensors().keySet()) {
                MemorySegment x = a.data(name);
                MemorySegment y = b.data(name);
                for (long at = 0; at < x.byteSize(); at += Float.BYTES) {
                    double difference =
                            x.get(FloatConversion.FLOAT_LE, at)
                                    - y.get(FloatConversion.FLOAT_LE, at);
                    squares += difference * difference;
                }
            }
        }
        return Math.sqrt(squares);
    }

    private static double length(Path model) {
        try (ModelDirectory directory = ModelDirectory.open(model)) {
            double squares = 0;
            for (String name : directory.tensors().keySet()) {
                for (float number : directory.data(name).toArray(FloatConversion.FLOAT_LE)) {
                    squares += number * number;
                }
            }
            return Math.sqrt(squares);
        }
    }

    private static Optional<String> pythonWithTorch() throws IOException, InterruptedException {
        for (String python : List.of("python3", "/usr/bin/python3")) {
            try {
                Process process =
                        new ProcessBuilder(python, "-c", "import torch, numpy")
                                .redirectErrorStream(true)
                                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                                .start();
                if (process.waitFor() == 0) {
                    return Optional.of(python);
                }
            } catch (IOException _) {
                // there is none of this name
            }
        }
        return Optional.empty();
    }

    @Test
    void a_consortium_in_which_one_member_trains_with_its_own_command_finishes_and_verifies()
            throws IOException {
        List<String> members = new ArrayList<>(List.of("ada", "bela"));
        Path launcher = Program.launcher(directory);
        try (SmallConsortium consortium = SmallConsortium.founded(directory, members)) {
            Files.writeString(
                    consortium.node("bela").resolve("node.yaml"),
                    """
                    trainer:
                      command: [bash, "%s"]
                      environment: {TAPESTRY: "%s"}
                    """
                            .formatted(TRAINERS.resolve("embedded.sh"), launcher),
                    StandardOpenOption.APPEND);
            CodecName fourBits = new CodecName("int4/1");
            consortium.run(
                    2,
                    3,
                    new Wire(Optional.of(fourBits), Optional.of(fourBits)),
                    new CodecName("int8/1"));
            members.forEach(consortium::startNode);
            RoundView last = consortium.awaitView(view -> view.roundsPlanned() == 0);
            assertThat(is(last, 2, Phase.PUBLISHED)).as(last.reason()).isTrue();
            String base = last.base().orElseThrow().hex();
            for (String member : members) {
                consortium.awaitLine(member, "base-believed", base);
                consortium.awaitLine(member, "\"round\":2", "\"step\":3,");
                consortium.awaitLine(member, "contributed", "\"round\":2");
            }
            assertThat(consortium.node("bela").resolve("job/state/after-round-2.safetensors"))
                    .exists();
            assertThat(consortium.node("bela").resolve("trainer/after-round-2.safetensors"))
                    .doesNotExist();
            consortium.kill("coordinator");
            members.forEach(consortium::kill);
            consortium.verify(members, 2);
        }
    }
}
