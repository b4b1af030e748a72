package dev.tapestry.weights.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.LIST;

import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class GgufWriterTest {

    @TempDir Path folder;

    @Test
    void the_settings_of_the_model_become_keys() throws IOException {
        GgufReader file = export(new TinyLlama(), Quantisation.F32);
        assertThat(file.keys)
                .containsEntry("general.architecture", "llama")
                .containsEntry("general.name", "model")
                .containsEntry("llama.embedding_length", TinyLlama.WIDTH)
                .containsEntry("llama.block_count", TinyLlama.LAYERS)
                .containsEntry("llama.feed_forward_length", TinyLlama.INNER)
                .containsEntry("llama.attention.head_count", TinyLlama.HEADS)
                .containsEntry("llama.attention.head_count_kv", TinyLlama.KEY_HEADS)
                .containsEntry("llama.rope.dimension_count", TinyLlama.HEAD_WIDTH)
                .containsEntry("llama.rope.freq_base", 500f)
                .containsEntry("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .containsEntry("tokenizer.ggml.model", "gpt2")
                .containsEntry("tokenizer.ggml.merges", TinyLlama.MERGES)
                .containsEntry("tokenizer.ggml.bos_token_id", TinyLlama.BEGIN)
                .containsEntry("tokenizer.ggml.eos_token_id", TinyLlama.END)
                .containsEntry("tokenizer.ggml.add_bos_token", false);
    }

    @Test
    void control_tokens_are_marked_and_missing_ids_are_filled() throws IOException {
        GgufReader file = export(new TinyLlama(), Quantisation.F32);
        assertThat((List<?>) file.keys.get("tokenizer.ggml.tokens"))
                .hasSize(TinyLlama.VOCABULARY)
                .asInstanceOf(LIST)
                .endsWith("Ġthe", "<s>", "</s>", "[PAD264]", "[PAD265]");
        assertThat((List<?>) file.keys.get("tokenizer.ggml.token_type"))
                .asInstanceOf(LIST)
                .endsWith(1, 3, 3, 5, 5);
    }

    @ParameterizedTest
    @EnumSource(Quantisation.class)
    void every_number_is_found_again_within_the_precision(Quantisation quantisation)
            throws IOException {
        GgufReader file = export(new TinyLlama(), quantisation);
        try (ModelDirectory model = ModelDirectory.open(folder.resolve("model"))) {
            var data = model.data("model.layers.1.mlp.down_proj.weight");
            double error =
                    switch (quantisation) {
                        case F32 -> 0;
                        case F16 -> 0x1p-11;
                        case Q8_0 -> 1.5 / 254;
                        case Q4_0 -> 1.5 / 8;
                        case Q4_K_M -> 1.5 / 254; // rows of 96 are no whole blocks of 256
                    };
            double worst = 0;
            for (int i = 0; i < TinyLlama.WIDTH * TinyLlama.INNER; i++) {
                float expected = data.get(FloatConversion.FLOAT_LE, i * 4L);
                float found = file.number("blk.1.ffn_down.weight", i);
                worst = Math.max(worst, Math.abs(found - expected));
            }
            assertThat(worst).isLessThanOrEqualTo(error);
            float norm = model.data("model.norm.weight").get(FloatConversion.FLOAT_LE, 20);
            assertThat(file.number("output_norm.weight", 5)).isEqualTo(norm);
        }
    }

    @Test
    void tensors_are_aligned_and_fill_the_file() throws IOException {
        GgufReader file = export(new TinyLlama(), Quantisation.Q8_0);
        assertThat(file.tensors.values()).allMatch(tensor -> tensor.offset() % 32 == 0);
        assertThat(file.tensors.get("token_embd.weight"))
                .isEqualTo(
                        new GgufReader.Tensor(
                                List.of((long) TinyLlama.VOCABULARY, (long) TinyLlama.WIDTH),
                                8,
                                0));
        GgufReader.Tensor last =
                Collections.max(
                        file.tensors.values(), Comparator.comparingLong(GgufReader.Tensor::offset));
        assertThat(file.fileBytes() - file.dataAt).isGreaterThan((int) last.offset());
        assertThat(file.fileBytes() % 32).isZero();
    }

    @Test
    void query_rows_change_their_order_within_each_head() throws IOException {
        GgufReader file = export(new TinyLlama(), Quantisation.F32);
        try (ModelDirectory model = ModelDirectory.open(folder.resolve("model"))) {
            var data = model.data("model.layers.0.self_attn.q_proj.weight");
            // Head 1, pair 3, second of the pair: row 16 + 7 here, row 16 + 8 + 3 there.
            assertThat(file.number("blk.0.attn_q.weight", (16 + 7) * TinyLlama.WIDTH))
                    .isEqualTo(
                            data.get(FloatConversion.FLOAT_LE, (16 + 11) * TinyLlama.WIDTH * 4L));
        }
    }

    @Test
    void tied_embeddings_are_written_once() throws IOException {
        GgufReader file = export(new TinyLlama().withTiedEmbeddings(), Quantisation.F32);
        assertThat(file.tensors)
                .containsKey("token_embd.weight")
                .doesNotContainKey("output.weight");
    }

    @Test
    void the_same_model_gives_the_same_bytes_and_replaces_the_old_file() throws IOException {
        export(new TinyLlama(), Quantisation.Q8_0);
        byte[] first = Files.readAllBytes(folder.resolve("model.gguf"));
        GgufWriter.write(folder.resolve("model"), folder.resolve("model.gguf"), Quantisation.Q8_0);
        assertThat(Files.readAllBytes(folder.resolve("model.gguf"))).isEqualTo(first);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "config.json | \"model_type\": \"llama\" | \"model_type\": \"gpt2\" | model_type is"
                        + " gpt2",
                "config.json | \"model_type\": \"llama\" | \"model_type\": \"qwen2\","
                        + " \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8,"
                        + " \"low_freq_factor\": 1, \"high_freq_factor\": 4,"
                        + " \"original_max_position_embeddings\": 64} | llama3 of a qwen2",
                "config.json | \"silu\" | \"gelu\" | hidden_act",
                "config.json | 500.0 | 500.0, \"attention_bias\": true | attention_bias",
                "config.json | 500.0 | 500.0, \"rope_scaling\": {\"rope_type\": \"yarn\"} |"
                        + " rope_type is yarn",
                "config.json | \"num_hidden_layers\": 2 | \"num_hidden_layers\": 1 | not part of",
                "config.json | \"num_hidden_layers\": 2 | \"num_hidden_layers\": 3 | no tensor",
                "config.json | \"intermediate_size\": 96 | \"intermediate_size\": 95 | the shape",
                "config.json | \"hidden_size\": 64 | \"hidden_size\": -1 | positive integer",
                "config.json | \"tie_word_embeddings\": false | \"tie | not JSON",
                "config.json | eos_token_id | eos | no token ends a text",
                "tokenizer.json | \"BPE\" | \"Unigram\" | not BPE",
                "tokenizer.json | \"normalizer\": null | \"normalizer\": {\"type\":\"NFKC\"} |"
                        + " NFKC",
                "tokenizer.json | Isolated | Removed | pre_tokenizer",
                "tokenizer.json | \"t h\" | \"t\" | merge",
                "tokenizer.json | \"id\": 262 | \"id\": 900 | the id 900"
            })
    void what_cannot_be_exported_is_named_and_nothing_is_written(
            String name, String from, String to, String reason) throws IOException {
        Path model = new TinyLlama().write(folder.resolve("model"));
        String json = Files.readString(model.resolve(name));
        assertThat(json).contains(from);
        Files.writeString(model.resolve(name), json.replace(from, to));
        assertThatThrownBy(() ->
                        GgufWriter.write(model, folder.resolve("model.gguf"), Quantisation.F32))
                .isInstanceOf(WeightsException.class)
                .hasMessageContaining(reason);
        assertThat(folder.resolve("model.gguf")).doesNotExist();
    }

    /** Otherwise llama.cpp takes id 11 for the end, which is a comma in most vocabularies. */
    @Test
    void the_tokenizer_names_the_ends_where_the_model_does_not() throws IOException {
        Path model = new TinyLlama().write(folder.resolve("model"));
        Path config = model.resolve("config.json");
        Files.writeString(
                config,
                Files.readString(config)
                        .replaceAll("\"bos_token_id\": \\d+", "\"bos_token_id\": null")
                        .replaceAll("\"eos_token_id\": \\[\\d+]", "\"eos_token_id\": null"));
        Files.writeString(
                model.resolve("tokenizer_config.json"),
                "{\"bos_token\": \"<s>\", \"eos_token\": {\"content\": \"</s>\"}}");
        GgufWriter.write(model, folder.resolve("model.gguf"), Quantisation.F32);
        assertThat(new GgufReader(folder.resolve("model.gguf")).keys)
                .containsEntry("tokenizer.ggml.bos_token_id", TinyLlama.BEGIN)
                .containsEntry("tokenizer.ggml.eos_token_id", TinyLlama.END);
    }

    @Test
    void the_chat_template_travels_with_the_model() throws IOException {
        Path model = new TinyLlama().write(folder.resolve("model"));
        Path file = folder.resolve("model.gguf");
        GgufWriter.write(model, file, Quantisation.F32);
        assertThat(new GgufReader(file).keys).doesNotContainKey("tokenizer.chat_template");
        String template = "{% for message in messages %}{{ message['content'] }}\\n{% endfor %}";
        Files.writeString(
                model.resolve("tokenizer_config.json"),
                "{\"chat_template\": \"%s\"}".formatted(template));
        GgufWriter.write(model, file, Quantisation.F32);
        assertThat(new GgufReader(file).keys)
                .containsEntry("tokenizer.chat_template", template.replace("\\n", "\n"));
    }

    @ParameterizedTest
    @CsvSource({"NaN", "Infinity", "1e20"})
    void a_number_that_few_bits_cannot_hold_is_refused(float bad) {
        MemorySegment floats = MemorySegment.ofArray(new float[256]);
        floats.set(FloatConversion.FLOAT_LE, 4, bad);
        floats.set(FloatConversion.FLOAT_LE, 8, 1f);
        for (TensorFormat format : TensorFormat.values()) {
            if (format == TensorFormat.F32) {
                continue;
            }
            var out = MemorySegment.ofArray(new byte[(int) format.bytes(256)]);
            assertThatThrownBy(() -> format.encode(floats, out))
                    .as(format.name())
                    .isInstanceOfSatisfying(
                            WeightsException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.NOT_FINITE));
        }
    }

    @Test
    void a_mistral_promises_no_longer_text_than_its_window() throws IOException {
        GgufReader file =
                export(new TinyLlama().as("mistral", ", \"sliding_window\": 40"), Quantisation.F32);
        assertThat(file.keys)
                .containsEntry("general.architecture", "llama")
                .containsEntry("llama.context_length", 40);
    }

    @Test
    void four_bits_are_mixed_with_six_where_it_matters() throws IOException {
        GgufReader file = export(new TinyLlama().wide(), Quantisation.Q4_K_M);
        assertThat(file.keys).containsEntry("general.file_type", 15);
        Map<String, Integer> types = new TreeMap<>();
        file.tensors.forEach((name, tensor) -> types.put(name, tensor.type()));
        assertThat(types)
                .containsEntry("output.weight", 14)
                .containsEntry("token_embd.weight", 12)
                .containsEntry("blk.0.attn_q.weight", 12)
                .containsEntry("blk.0.ffn_down.weight", 12)
                .containsEntry("blk.1.ffn_down.weight", 14)
                .containsEntry("blk.1.attn_norm.weight", 0);
    }

    private GgufReader export(TinyLlama llama, Quantisation quantisation) throws IOException {
        Path model = llama.write(folder.resolve("model"));
        GgufWriter.write(model, folder.resolve("model.gguf"), quantisation);
        return new GgufReader(folder.resolve("model.gguf"));
    }
}
