package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.TensorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModelFilesTest {

    @TempDir Path directory;

    @ParameterizedTest
    @EnumSource(value = DType.class, mode = EnumSource.Mode.EXCLUDE, names = "U8")
    void what_is_saved_loads_and_saves_again_to_the_same_bytes(DType dtype) throws IOException {
        for (boolean tied : new boolean[] {true, false}) {
            Path first = directory.resolve("first-" + tied);
            Path second = directory.resolve("second-" + tied);
            try (Llama model = Llama.fresh(TestModels.odd(tied), 4)) {
                model.saveTo(first, dtype);
            }
            try (ModelDirectory saved = ModelDirectory.open(first);
                    Llama model = Llama.load(saved)) {
                assertThat(model.config()).isEqualTo(TestModels.odd(tied));
                model.saveTo(second, dtype);
            }
            for (String file : List.of("model.safetensors", "config.json")) {
                assertThat(second.resolve(file)).hasSameBinaryContentAs(first.resolve(file));
            }
        }
    }

    @Test
    void a_contribution_keeps_the_shards_and_other_files_of_its_base() throws IOException {
        Path base = directory.resolve("base");
        Path target = directory.resolve("contribution");
        try (Llama model = Llama.fresh(TestModels.tiny(), 4)) {
            List<TensorSpec> specs =
                    model.parameters().layout().slots().values().stream()
                            .map(slot -> new TensorSpec(slot.name(), DType.F32, slot.shape()))
                            .toList();
            try (ModelDirectoryWriter writer = ModelDirectoryWriter.create(base, specs, 50_000)) {
                writer.addFile("config.json", LlamaConfigFile.write(model.config(), DType.F32));
                writer.addFile(
                        "tokenizer.json", "{}".getBytes(java.nio.charset.StandardCharsets.UTF_8));
                writer.commit();
            }
            try (ModelDirectory pattern = ModelDirectory.open(base)) {
                model.saveLike(pattern, target);
            }
            try (Stream<Path> expected = Files.list(base);
                    Stream<Path> actual = Files.list(target);
                    ModelDirectory written = ModelDirectory.open(target);
                    Llama again = Llama.load(written)) {
                assertThat(actual.map(Path::getFileName))
                        .containsExactlyInAnyOrderElementsOf(
                                expected.map(Path::getFileName).toList());
                assertThat(written.shards()).hasSizeGreaterThan(2);
                assertThat(
                                NativeTensors.memory(again.parameters().values())
                                        .mismatch(
                                                NativeTensors.memory(model.parameters().values())))
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void tensors_that_the_configuration_does_not_promise_are_refused_by_name() {
        Path path = directory.resolve("model");
        try (Llama model = Llama.fresh(TestModels.odd(true), 4);
                Llama other = Llama.fresh(TestModels.tiny(), 4);
                Llama untied = Llama.fresh(TestModels.odd(false), 4)) {
            model.saveTo(path, DType.F32);
            try (ModelDirectory saved = ModelDirectory.open(path)) {
                refused("has shape", () -> other.replaceWeights(saved));
                refused("lm_head.weight is missing", () -> untied.replaceWeights(saved));
            }
        }
    }

    @Test
    void a_configuration_that_promises_more_than_the_tensors_hold_is_refused_before_room_is_made()
            throws IOException {
        Path path = directory.resolve("model");
        try (Llama model = Llama.fresh(TestModels.tiny(), 4)) {
            model.saveTo(path, DType.F32);
        }
        Path config = path.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replaceFirst("\"vocab_size\" : [0-9]+", "\"vocab_size\" : 1048576")
                        .replaceFirst("\"hidden_size\" : [0-9]+", "\"hidden_size\" : 65536"));
        try (ModelDirectory saved = ModelDirectory.open(path)) {
            refused("config.json promises [1048576, 65536]", () -> Llama.load(saved).close());
        }
    }

    private static void refused(
            String message, org.assertj.core.api.ThrowableAssert.ThrowingCallable action) {
        assertThatThrownBy(action)
                .isInstanceOfSatisfying(
                        TrainingException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.WRONG_TENSORS))
                .hasMessageContaining(message);
    }
}
