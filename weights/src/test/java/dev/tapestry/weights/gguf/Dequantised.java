package dev.tapestry.weights.gguf;

import java.util.LinkedHashMap;
import java.util.Map;

/** The numbers of a GGUF file by their Hugging Face names, in the order of Hugging Face. */
record Dequantised(TinyLlama shape, GgufReader file) {

    private static final Map<String, String> PARTS = parts();

    private static Map<String, String> parts() {
        Map<String, String> parts = new LinkedHashMap<>();
        parts.put("model.embed_tokens", "token_embd");
        parts.put("model.norm", "output_norm");
        parts.put("lm_head", "output");
        parts.put("model.layers.", "blk.");
        parts.put("input_layernorm", "attn_norm");
        parts.put("post_attention_layernorm", "ffn_norm");
        parts.put("self_attn.q_proj", "attn_q");
        parts.put("self_attn.k_proj", "attn_k");
        parts.put("self_attn.v_proj", "attn_v");
        parts.put("self_attn.o_proj", "attn_output");
        parts.put("mlp.gate_proj", "ffn_gate");
        parts.put("mlp.up_proj", "ffn_up");
        parts.put("mlp.down_proj", "ffn_down");
        return parts;
    }

    double[][] rows(String name) {
        String theirs = name;
        for (Map.Entry<String, String> part : PARTS.entrySet()) {
            theirs = theirs.replace(part.getKey(), part.getValue());
        }
        GgufReader.Tensor tensor = file.tensors.get(theirs);
        if (tensor == null) {
            throw new IllegalArgumentException("no tensor " + theirs);
        }
        int columns = tensor.shape().getLast().intValue();
        int rows = tensor.shape().size() == 1 ? 1 : tensor.shape().getFirst().intValue();
        boolean turned =
                shape.modelType().equals("llama") && name.matches(".*\\.[qk]_proj\\.weight");
        double[][] numbers = new double[rows][columns];
        for (int row = 0; row < rows; row++) {
            int half = shape.headWidth() / 2;
            int inHead = row % (2 * half);
            int to = turned ? row - inHead + inHead % 2 * half + inHead / 2 : row;
            for (int i = 0; i < columns; i++) {
                numbers[to][i] = file.number(theirs, row * columns + i);
            }
        }
        return numbers;
    }
}
