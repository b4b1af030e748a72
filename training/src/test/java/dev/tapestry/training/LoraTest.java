package dev.tapestry.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.SafetensorsFile;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LoraTest {

    private static final LoraPlan SOME =
            new LoraPlan(3, 5, new TreeSet<>(List.of("q_proj", "o_proj", "down_proj")));

    @TempDir Path directory;

    @Test
    void projected_gradients_agree_with_finite_differences() {
        LlamaConfig config = TestModels.odd(true);
        Tokens tokens = Tokens.of(TestModels.randomIds(40, config.vocabularySize(), 6));
        try (PointerScope _ = new PointerScope();
                Llama model = Llama.fresh(config, 12, new TensorOptions(ScalarType.Double));
                LoraWeights lora = new LoraWeights(SOME, model, 3)) {
            FlatParameters adapter = lora.parameters();
            try (GradientsOff _ = new GradientsOff()) {
                adapter.values().add_(new Scalar(0.07)); // B is no longer zero
            }
            lora.apply();
            TokenBatch batch =
                    TokenBatch.read(tokens, new long[] {0, 13}, 12, config.vocabularySize());
            try (LlamaGradient gradient = new LlamaGradient(model, Precision.FP32, false)) {
                gradient.add(batch, 1);
            }
            lora.project();
            double[] found = doubles(adapter.gradients());
            var numbers = adapter.values().data_ptr_double();
            SplittableRandom random = new SplittableRandom(3);
            for (ParameterLayout.Slot slot : adapter.layout().slots().values()) {
                long at = slot.offset() + random.nextLong(slot.elements());
                double value = numbers.get(at);
                numbers.put(at, value + 1e-5);
                lora.apply();
                double above = Loss.mean(model, batch, Precision.FP32);
                numbers.put(at, value - 1e-5);
                lora.apply();
                double below = Loss.mean(model, batch, Precision.FP32);
                numbers.put(at, value);
                double expected = (above - below) / 2e-5;
                assertThat(found[(int) at])
                        .as(slot.name())
                        .isCloseTo(expected, within(1e-8 + 1e-5 * Math.abs(expected)));
            }
        }
    }

    @Test
    void training_begins_at_the_base_and_leaves_what_is_not_named_as_it_was() {
        Path base = base();
        Path target = directory.resolve("tuned");
        try (ModelDirectory start = ModelDirectory.open(base);
                Tuner tuner = Tuner.begin(start, plan(), TextLessons.of(TestModels.text(6)))) {
            assertThat(tuner.trainedNumbers()).isEqualTo(2L * 3 * (64 + 64 + 96));
            double first = tuner.step().step().loss();
            try (Trainer full = Trainer.begin(start, plan().training(), TestModels.text(6))) {
                assertThat(full.step().loss()).isEqualTo(first);
            }
            for (int i = 0; i < 30; i++) {
                tuner.step();
            }
            assertThat(tuner.step().step().loss()).isLessThan(first - 0.1);
            tuner.exportLike(start, target);
            try (ModelDirectory tuned = ModelDirectory.open(target)) {
                for (String name : start.tensors().keySet()) {
                    boolean same = start.data(name).mismatch(tuned.data(name)) < 0;
                    assertThat(same)
                            .as(name)
                            .isEqualTo(!name.matches(".*(q_proj|o_proj|down_proj).*"));
                }
            }
        }
    }

    @Test
    void an_adapter_that_is_merged_into_the_base_is_the_model_that_was_trained()
            throws IOException {
        Path base = base();
        try (ModelDirectory start = ModelDirectory.open(base);
                Tuner tuner = Tuner.begin(start, plan(), TextLessons.of(TestModels.text(6)))) {
            for (int i = 0; i < 5; i++) {
                tuner.step();
            }
            Path adapter = directory.resolve("adapter");
            tuner.exportAdapter(adapter);
            tuner.exportLike(start, directory.resolve("trained"));
            LoraAdapter read = LoraAdapter.open(adapter);
            assertThat(read.plan()).isEqualTo(SOME);
            read.mergeInto(start, directory.resolve("merged"));
            assertThat(directory.resolve("merged/model.safetensors"))
                    .hasSameBinaryContentAs(directory.resolve("trained/model.safetensors"));
            try (SafetensorsFile file =
                    SafetensorsFile.open(adapter.resolve("adapter_model.safetensors"))) {
                assertThat(file.tensors())
                        .hasSize(12)
                        .containsKey(
                                "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight")
                        .containsKey("base_model.model.model.layers.1.mlp.down_proj.lora_B.weight");
            }
            assertThat(Files.readString(adapter.resolve("adapter_config.json")))
                    .contains("\"peft_type\" : \"LORA\"", "\"r\" : 3", "\"lora_alpha\" : 5.0");
        }
    }

    @Test
    void a_run_that_was_killed_resumes_bit_for_bit_from_a_small_checkpoint() throws IOException {
        Path base = base();
        Path checkpoint = directory.resolve("state.safetensors");
        Lessons lessons = TextLessons.of(TestModels.text(6));
        try (ModelDirectory start = ModelDirectory.open(base)) {
            float[] expected;
            try (Tuner tuner = Tuner.begin(start, plan(), lessons)) {
                tuner.step();
                tuner.step();
                tuner.saveCheckpoint(checkpoint);
                tuner.step();
                expected = floats(tuner.model().parameters().values());
            }
            assertThat(Files.size(checkpoint))
                    .isLessThan(Files.size(base.resolve("model.safetensors")) / 3);
            try (Tuner tuner = Tuner.resume(start, checkpoint, plan(), lessons)) {
                assertThat(tuner.steps()).isEqualTo(2);
                tuner.step();
                assertThat(floats(tuner.model().parameters().values())).isEqualTo(expected);
            }
            refused(
                    Code.WRONG_CHECKPOINT,
                    () ->
                            Tuner.resume(
                                    start, checkpoint, plan(), TextLessons.of(TestModels.text(7))));
            refused(
                    Code.WRONG_CHECKPOINT,
                    () ->
                            Tuner.resume(
                                    start,
                                    checkpoint,
                                    TuningPlan.lora(plan().training(), LoraPlan.of(3)),
                                    lessons));
        }
        try (Llama other = Llama.fresh(TestModels.tiny(), 9)) {
            other.saveTo(directory.resolve("other"), DType.F32);
        }
        try (ModelDirectory other = ModelDirectory.open(directory.resolve("other"))) {
            refused(Code.WRONG_CHECKPOINT, () -> Tuner.resume(other, checkpoint, plan(), lessons));
        }
    }

    @Test
    void adapters_of_other_kinds_or_models_are_refused() throws IOException {
        Path base = base();
        Path adapter = directory.resolve("adapter");
        try (ModelDirectory start = ModelDirectory.open(base);
                Tuner tuner = Tuner.begin(start, plan(), TextLessons.of(TestModels.text(6)))) {
            tuner.exportAdapter(adapter);
        }
        String good = Files.readString(adapter.resolve(LoraAdapter.CONFIG));
        for (String[] change :
                new String[][] {
                    {"\"LORA\"", "\"IA3\""},
                    {"\"use_dora\" : false", "\"use_dora\" : true"},
                    {"\"bias\" : \"none\"", "\"bias\" : \"all\""},
                    {"\"modules_to_save\" : null", "\"modules_to_save\" : [\"lm_head\"]"},
                    {"\"q_proj\"", "\"c_attn\""},
                    {"\"r\" : 3", "\"r\" : 0"}
                }) {
            assertThat(good).contains(change[0]);
            Files.writeString(
                    adapter.resolve(LoraAdapter.CONFIG), good.replace(change[0], change[1]));
            refused(Code.UNSUPPORTED_MODEL, () -> LoraAdapter.open(adapter));
        }
        for (String bad : List.of("{", "[]", "{\"peft_type\":\"LORA\"}")) {
            Files.writeString(adapter.resolve(LoraAdapter.CONFIG), bad);
            assertThatThrownBy(() -> LoraAdapter.open(adapter))
                    .isInstanceOf(TrainingException.class);
        }
        Files.writeString(
                adapter.resolve(LoraAdapter.CONFIG), good.replace("\"r\" : 3", "\"r\" : 4"));
        try (ModelDirectory start = ModelDirectory.open(base)) {
            LoraAdapter wrong = LoraAdapter.open(adapter);
            refused(Code.WRONG_TENSORS, () -> wrong.mergeInto(start, directory.resolve("nothing")));
        }
    }

    @Test
    void plans_that_lora_cannot_serve_are_refused() {
        TrainingPlan muon = TestModels.plan(OptimizerPlan.Muon.of(0.02, 0), Precision.FP32);
        refused(Code.INVALID_PLAN, () -> TuningPlan.lora(muon, SOME));
        refused(Code.INVALID_PLAN, () -> plan().heldToBase(0.1, 0));
        refused(Code.INVALID_PLAN, () -> new LoraPlan(0, 1, SOME.targets()));
        refused(
                Code.INVALID_PLAN,
                () -> new LoraPlan(1, 1, new TreeSet<>(List.of("embed_tokens"))));
    }

    private Path base() {
        Path base = directory.resolve("base");
        try (Llama model = Llama.fresh(TestModels.tiny(), 8)) {
            model.saveTo(base, DType.F32);
        }
        return base;
    }

    private static TuningPlan plan() {
        return TuningPlan.lora(
                TestModels.plan(OptimizerPlan.AdamW.of(0.02, 0), Precision.FP32), SOME);
    }

    private static double[] doubles(Tensor tensor) {
        return NativeTensors.memory(tensor).toArray(ValueLayout.JAVA_DOUBLE);
    }

    private static float[] floats(Tensor tensor) {
        return NativeTensors.memory(tensor).toArray(ValueLayout.JAVA_FLOAT);
    }

    private static void refused(
            Code code, org.assertj.core.api.ThrowableAssert.ThrowingCallable action) {
        assertThatThrownBy(action)
                .isInstanceOfSatisfying(
                        TrainingException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
