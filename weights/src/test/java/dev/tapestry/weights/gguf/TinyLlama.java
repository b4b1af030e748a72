package dev.tapestry.weights.gguf;

import dev.tapestry.weights.DType;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A small Llama, or a relative, with random weights that only ever says letters, written as a model
 * directory.
 *
 * @param modelType as {@code config.json} names it
 * @param settings more keys of {@code config.json}, each with a comma before it
 * @param width of the hidden state
 */
record TinyLlama(
        String modelType,
        String settings,
        int width,
        boolean tied,
        boolean ignoreMerges,
        DType dtype) {

    static final int WIDTH = 64;
    static final int LAYERS = 2;
    static final int HEADS = 4;
    static final int KEY_HEADS = 2;
    static final int INNER = 96;
    static final int HEAD_WIDTH = WIDTH / HEADS;
    static final List<String> MERGES = List.of("t h", "b c", "a b", "ab c", "th e", "Ġ the");
    static final int BEGIN = 256 + MERGES.size();
    static final int END = BEGIN + 1;

    /** Two more than the tokenizer has. */
    static final int VOCABULARY = END + 3;

    TinyLlama() {
        this("llama", "", WIDTH, false, false, DType.F32);
    }

    TinyLlama withTiedEmbeddings() {
        return new TinyLlama(modelType, settings, width, true, ignoreMerges, dtype);
    }

    TinyLlama withWordsBeforeMerges() {
        return new TinyLlama(modelType, settings, width, tied, true, dtype);
    }

    TinyLlama in(DType other) {
        return new TinyLlama(modelType, settings, width, tied, ignoreMerges, other);
    }

    TinyLlama as(String type, String more) {
        return new TinyLlama(type, more, width, tied, ignoreMerges, dtype);
    }

    /** Wide enough for blocks of 256. */
    TinyLlama wide() {
        return new TinyLlama(modelType, settings, 256, tied, ignoreMerges, dtype);
    }

    int headWidth() {
        return width / HEADS;
    }

    int inner() {
        return width == WIDTH ? INNER : 2 * width;
    }

    List<TensorSpec> specs() {
        List<TensorSpec> specs = new ArrayList<>();
        specs.add(TensorSpec.of("model.embed_tokens.weight", dtype, VOCABULARY, width));
        specs.add(TensorSpec.of("model.norm.weight", dtype, width));
        if (!tied) {
            specs.add(TensorSpec.of("lm_head.weight", dtype, VOCABULARY, width));
        }
        int keyWidth = KEY_HEADS * headWidth();
        for (int i = 0; i < LAYERS; i++) {
            String layer = "model.layers." + i + ".";
            specs.add(TensorSpec.of(layer + "post_attention_layernorm.weight", dtype, width));
            specs.add(
                    TensorSpec.of(
                            layer
                                    + (modelType.equals("olmo2")
                                            ? "post_feedforward_layernorm.weight"
                                            : "input_layernorm.weight"),
                            dtype,
                            width));
            specs.add(TensorSpec.of(layer + "self_attn.q_proj.weight", dtype, width, width));
            specs.add(TensorSpec.of(layer + "self_attn.k_proj.weight", dtype, keyWidth, width));
            specs.add(TensorSpec.of(layer + "self_attn.v_proj.weight", dtype, keyWidth, width));
            specs.add(TensorSpec.of(layer + "self_attn.o_proj.weight", dtype, width, width));
            specs.add(TensorSpec.of(layer + "mlp.gate_proj.weight", dtype, inner(), width));
            specs.add(TensorSpec.of(layer + "mlp.up_proj.weight", dtype, inner(), width));
            specs.add(TensorSpec.of(layer + "mlp.down_proj.weight", dtype, width, inner()));
            switch (modelType) {
                case "qwen2" -> {
                    specs.add(TensorSpec.of(layer + "self_attn.q_proj.bias", dtype, width));
                    specs.add(TensorSpec.of(layer + "self_attn.k_proj.bias", dtype, keyWidth));
                    specs.add(TensorSpec.of(layer + "self_attn.v_proj.bias", dtype, keyWidth));
                }
                case "qwen3" -> {
                    int one = headWidth();
                    specs.add(TensorSpec.of(layer + "self_attn.q_norm.weight", dtype, one));
                    specs.add(TensorSpec.of(layer + "self_attn.k_norm.weight", dtype, one));
                }
                case "olmo2" -> {
                    specs.add(TensorSpec.of(layer + "self_attn.q_norm.weight", dtype, width));
                    specs.add(TensorSpec.of(layer + "self_attn.k_norm.weight", dtype, keyWidth));
                }
                default -> {}
            }
        }
        return specs;
    }

    Path write(Path directory) {
        Random random = new Random(7);
        try (var writer = ModelDirectoryWriter.create(directory, specs(), 100_000)) {
            for (TensorSpec spec : specs()) {
                MemorySegment numbers = MemorySegment.ofArray(numbers(spec, random));
                FloatConversion.narrow(dtype, numbers, writer.data(spec.name()));
            }
            writer.addFile(ModelDirectory.CONFIG, config().getBytes(StandardCharsets.UTF_8));
            writer.addFile("tokenizer.json", tokenizer().getBytes(StandardCharsets.UTF_8));
            writer.commit();
        }
        return directory;
    }

    private float[] numbers(TensorSpec spec, Random random) {
        float[] numbers = new float[(int) spec.elements()];
        boolean output = spec.name().equals("lm_head.weight");
        for (int i = 0; i < numbers.length; i++) {
            float noise = (float) random.nextGaussian();
            boolean silent = output && (i / width < 'a' || i / width > 'z');
            float usual = spec.shape().size() == 1 ? 1 + 0.1f * noise : 0.25f * noise;
            numbers[i] = silent ? 0 : spec.name().endsWith("bias") ? noise : usual;
        }
        return numbers;
    }

    String config() {
        return """
        {"architectures": ["LlamaForCausalLM"], "model_type": "%s", "hidden_size": %d,
         "intermediate_size": %d, "num_hidden_layers": %d, "num_attention_heads": %d,
         "num_key_value_heads": %d, "vocab_size": %d, "max_position_embeddings": 128,
         "rms_norm_eps": 1e-5, "rope_theta": 500.0, "hidden_act": "silu", "bos_token_id": %d,
         "eos_token_id": [%d], "tie_word_embeddings": %b%s}
        """
                .formatted(
                        modelType,
                        width,
                        inner(),
                        LAYERS,
                        HEADS,
                        KEY_HEADS,
                        VOCABULARY,
                        BEGIN,
                        END,
                        tied,
                        settings);
    }

    String tokenizer() {
        StringBuilder vocabulary = new StringBuilder();
        for (int id = 0; id < 256; id++) {
            vocabulary.append(quoted(byteLetter(id))).append(':').append(id).append(',');
        }
        for (int i = 0; i < MERGES.size(); i++) {
            String token = quoted(MERGES.get(i).replace(" ", ""));
            vocabulary.append(i == 0 ? "" : ",").append(token).append(':').append(256 + i);
        }
        String merges = String.join(",", MERGES.stream().map(TinyLlama::quoted).toList());
        String pattern =
                "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
                        + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
        return """
        {"version": "1.0", "normalizer": null, "post_processor": null, "added_tokens": [
          {"id": %d, "content": "<s>", "special": true},
          {"id": %d, "content": "</s>", "special": true}],
         "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
           {"type": "Split", "pattern": {"Regex": %s}, "behavior": "Isolated", "invert": false},
           {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]},
         "model": {"type": "BPE", "ignore_merges": %b, "vocab": {%s}, "merges": [%s]}}
        """
                .formatted(BEGIN, END, quoted(pattern), ignoreMerges, vocabulary, merges);
    }

    /** GPT-2's letter for a byte: itself where it is visible, else one from U+0100 on. */
    private static String byteLetter(int value) {
        int hidden = 0;
        for (int b = 0; b < 256; b++) {
            boolean visible =
                    (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || (b >= 0xae && b <= 0xff);
            if (b == value) {
                return Character.toString(visible ? b : 256 + hidden);
            }
            hidden += visible ? 0 : 1;
        }
        throw new IllegalArgumentException("no byte: " + value);
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
