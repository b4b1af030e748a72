package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeUpdate.Declined;
import dev.tapestry.node.NodeUpdate.Hindered;
import dev.tapestry.node.NodeUpdate.Stepped;
import dev.tapestry.node.round.NodeAgent.Until;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.SafetensorsWriter;
import dev.tapestry.weights.TensorSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** A member whose own command trains: real shell scripts, real processes. */
final class ShellTrainer implements AutoCloseable {

    /** A lease that ends after every script here that ends at all. */
    static final Duration LONG = Duration.ofMinutes(2);

    /** What a trainer that does all as it should would leave; 3 steps of 64 tokens. */
    static final String METRICS =
            """
            printf '{"step":%d,"tokens":%d,"loss":5.5}\\n' 1 64 2 128 3 192 > metrics.jsonl
            """;

    static final String WEIGHTS = "cp $PREPARED model.safetensors\n";
    static final String DONE = "echo '{\"tokens\":192,\"steps\":3,\"meanLoss\":5.5}' > done.json\n";

    final Path directory;
    final Stage stage;
    final Path base;
    final Path prepared;

    ShellTrainer(Path directory) throws IOException {
        this.directory = directory;
        this.stage = new Stage(directory).joined();
        this.base = stage.base("base", 1);
        this.prepared = directory.resolve("prepared.safetensors");
        write(prepared, spec -> spec, 0.001f);
        Digest digest = stage.coordinator.adopt(base);
        stage.coordinator.announce(Stage.plan(1, digest), 1);
    }

    /** The base's tensors, each number moved a little, and each tensor declared as wished. */
    void write(Path file, UnaryOperator<TensorSpec> declared, float moved) {
        try (ModelDirectory model = ModelDirectory.open(base)) {
            List<TensorSpec> specs = model.tensors().values().stream().map(declared).toList();
            try (SafetensorsWriter writer = SafetensorsWriter.create(file, specs, Map.of())) {
                for (TensorSpec spec : specs) {
                    MemorySegment to = writer.data(spec.name());
                    if (!model.tensors().containsKey(spec.name())) {
                        continue;
                    }
                    MemorySegment from = model.data(spec.name());
                    if (spec.dtype() != DType.F32 || to.byteSize() != from.byteSize()) {
                        continue;
                    }
                    for (long at = 0; at < to.byteSize(); at += Float.BYTES) {
                        to.set(
                                FloatConversion.FLOAT_LE,
                                at,
                                from.get(FloatConversion.FLOAT_LE, at) + moved);
                    }
                }
                writer.commit();
            }
        }
    }

    /** The settings of a node that has this script train. */
    NodeConfig config(String script, Duration lease) {
        Path file = directory.resolve("train.sh");
        try {
            Files.writeString(file, "set -eu\n" + script);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return stage.config()
                .withTrainer(
                        new TrainerCommand(
                                List.of("bash", file.toString()),
                                Map.of("PREPARED", prepared.toString()),
                                lease,
                                stage.home.job()));
    }

    /** Why the node takes no part; it would try again what may pass. */
    record Reason(String code, String reason) {}

    /** Looks at the round once, and returns why the node takes no part. */
    Reason declined(String script, Duration lease) {
        return declined(config(script, lease));
    }

    /** The same with other settings. */
    Reason declined(NodeConfig config) {
        List<Reason> found = new ArrayList<>();
        try (Node node = stage.node(config)) {
            stage.watch(update -> {
                switch (update) {
                    case Declined no -> found.add(new Reason(no.code(), no.reason()));
                    case Hindered not -> {
                        found.add(new Reason(not.code(), not.reason()));
                        node.stop();
                    }
                    default -> {}
                }
            });
            node.agent().run(view -> true);
        } catch (NodeException e) {
            assertThat(e.code()).isEqualTo(NodeException.Code.STOPPED);
        }
        assertThat(stage.coordinator.contributions).isEmpty();
        return found.getFirst();
    }

    /** Trains with this script, and contributes. */
    void contributes(String script) {
        contributes(script, LONG);
    }

    /** The same, with another lease. */
    void contributes(String script, Duration lease) {
        stage.updates.clear();
        try (Node node = stage.node(config(script, lease))) {
            node.agent().run(Until.noRun());
        }
        assertThat(stage.updates).noneMatch(Declined.class::isInstance);
        assertThat(stage.coordinator.contributions).hasSize(1);
        assertThat(stage.coordinator.scores).hasSize(1);
    }

    /** Steps that the node has told of. */
    List<Stepped> stepped() {
        return stage.updates.stream()
                .filter(Stepped.class::isInstance)
                .map(Stepped.class::cast)
                .toList();
    }

    /** A file of the job directory. */
    Path job(String name) {
        return stage.home.job().resolve(name);
    }

    /** Whether a process that wrote its id into the job directory still runs. */
    boolean runs(String name) {
        try {
            long pid = Long.parseLong(Files.readString(job(name)).strip());
            return Files.readString(Path.of("/proc", Long.toString(pid), "stat"))
                    .replaceAll(".*\\) ", "")
                    .matches("(?s)[^ZX].*");
        } catch (IOException e) {
            return false; // it is gone
        }
    }

    @Override
    public void close() {
        stage.close();
    }
}
