package dev.tapestry.weights.gguf;

import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Which tensors a Llama has, by what names, in which shapes. */
final class LlamaTensors {

    private final ModelDirectory model;
    private final Quantisation quantisation;
    private final Set<String> unused;
    private final List<GgufTensor> tensors = new ArrayList<>();

    private LlamaTensors(ModelDirectory model, Quantisation quantisation) {
        this.model = model;
        this.quantisation = quantisation;
        this.unused = new TreeSet<>(model.tensors().keySet());
    }

    /**
     * All tensors of the model, in the order of the computation.
     *
     * @throws WeightsException if one is missing, has another shape, or is not part of a Llama
     */
    static List<GgufTensor> of(
            ModelDirectory model, LlamaSettings settings, Quantisation quantisation) {
        return new LlamaTensors(model, quantisation).collect(settings);
    }

    private List<GgufTensor> collect(LlamaSettings settings) {
        long width = settings.width();
        add("token_embd", "model.embed_tokens", 0, settings.vocabulary(), width);
        for (int layer = 0; layer < settings.layers(); layer++) {
            addLayer(settings, "blk." + layer + ".", "model.layers." + layer + ".");
        }
        add("output_norm", "model.norm", 0, width);
        if (settings.tiedEmbeddings()) {
            unused.remove("lm_head.weight");
        } else {
            add("output", "lm_head", 0, settings.vocabulary(), width);
        }
        // Old exports carry the rotary frequencies, which follow from the settings.
        unused.removeIf(name -> name.endsWith(".rotary_emb.inv_freq"));
        if (!unused.isEmpty()) {
            throw new WeightsException(
                    Code.UNSUPPORTED,
                    model.path() + " has tensors that are not part of a Llama: " + unused);
        }
        return tensors;
    }

    private void addLayer(LlamaSettings settings, String to, String from) {
        long width = settings.width();
        long inner = settings.feedForwardWidth();
        int heads = settings.heads();
        int keyHeads = settings.keyValueHeads();
        long queryRows = (long) heads * settings.headWidth();
        long keyRows = (long) keyHeads * settings.headWidth();
        add(to + "attn_norm", from + "input_layernorm", 0, width);
        add(to + "attn_q", from + "self_attn.q_proj", heads, queryRows, width);
        add(to + "attn_k", from + "self_attn.k_proj", keyHeads, keyRows, width);
        add(to + "attn_v", from + "self_attn.v_proj", 0, keyRows, width);
        add(to + "attn_output", from + "self_attn.o_proj", 0, width, queryRows);
        add(to + "ffn_norm", from + "post_attention_layernorm", 0, width);
        add(to + "ffn_gate", from + "mlp.gate_proj", 0, inner, width);
        add(to + "ffn_up", from + "mlp.up_proj", 0, inner, width);
        add(to + "ffn_down", from + "mlp.down_proj", 0, width, inner);
    }

    private void add(String to, String from, int rotaryHeads, long... shape) {
        TensorSpec source = model.tensor(from + ".weight");
        List<Long> expected = Arrays.stream(shape).boxed().toList();
        if (!source.shape().equals(expected)) {
            throw new WeightsException(
                    Code.SHAPE,
                    "%s of %s has the shape %s; its config.json asks for %s"
                            .formatted(source.name(), model.path(), source.shape(), expected));
        }
        Quantisation type =
                shape.length == 1
                        ? Quantisation.F32
                        : quantisation.forRowsOf(source.shape().getLast());
        tensors.add(new GgufTensor(to + ".weight", source, type, rotaryHeads));
        unused.remove(source.name());
    }
}
