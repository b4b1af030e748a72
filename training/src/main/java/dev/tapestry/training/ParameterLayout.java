package dev.tapestry.training;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Where each Hugging Face tensor of a model lies in the flat parameter buffer, in elements:
 *
 * <pre>
 * [ embed_tokens | lm_head if untied ][ norms of all layers, last norm | biases ][ layer 0: q k v o gate up down ][ layer 1 … ]
 *   decayed, not hidden                  not decayed                                decayed, hidden: Muon's
 * </pre>
 *
 * <p>Every layer has the same size, so one kind of matrix of all layers is a strided batch; q, k, v
 * (and gate, up) touch, so they are also one matrix, and so do their biases.
 */
final class ParameterLayout {

    /** One tensor: where it begins and its shape. */
    record Slot(String name, long offset, List<Long> shape) {
        long elements() {
            return shape.stream().mapToLong(Long::longValue).reduce(1, Math::multiplyExact);
        }
    }

    /** A contiguous range of the buffer. */
    record Range(long offset, long elements) {}

    private final LinkedHashMap<String, Slot> slots = new LinkedHashMap<>();
    private final int layers;
    private Range outer = new Range(0, 0);
    private Range norms = new Range(0, 0);
    private Range biases = new Range(0, 0);
    private Range hidden = new Range(0, 0);
    private long end;

    private ParameterLayout(int layers) {
        this.layers = layers;
    }

    static ParameterLayout of(LlamaConfig config) {
        ParameterLayout layout = new ParameterLayout(config.layers());
        long width = config.hiddenSize();
        layout.append("model.embed_tokens.weight", config.vocabularySize(), width);
        if (!config.tiedEmbeddings()) {
            layout.append("lm_head.weight", config.vocabularySize(), width);
        }
        layout.outer = new Range(0, layout.end);
        layout.appendNorms(config);
        layout.appendBiases(config);
        long hiddenStart = layout.end;
        for (int i = 0; i < config.layers(); i++) {
            layout.append(layer(i, "self_attn.q_proj"), config.querySize(), width);
            layout.append(layer(i, "self_attn.k_proj"), config.keyValueSize(), width);
            layout.append(layer(i, "self_attn.v_proj"), config.keyValueSize(), width);
            layout.append(layer(i, "self_attn.o_proj"), width, config.querySize());
            layout.append(layer(i, "mlp.gate_proj"), config.intermediateSize(), width);
            layout.append(layer(i, "mlp.up_proj"), config.intermediateSize(), width);
            layout.append(layer(i, "mlp.down_proj"), width, config.intermediateSize());
        }
        layout.hidden = new Range(hiddenStart, layout.end - hiddenStart);
        return layout;
    }

    private void appendNorms(LlamaConfig config) {
        long start = end;
        for (int i = 0; i < config.layers(); i++) {
            append(layer(i, config.architecture().attentionNorm()), config.hiddenSize());
            append(layer(i, config.architecture().feedForwardNorm()), config.hiddenSize());
            switch (config.architecture().queryKeyNorm()) {
                case NONE -> {}
                case PER_HEAD -> appendHeadNorms(i, config.headSize(), config.headSize());
                case WHOLE -> appendHeadNorms(i, config.querySize(), config.keyValueSize());
            }
        }
        append("model.norm.weight", config.hiddenSize());
        norms = new Range(start, end - start);
    }

    private void appendHeadNorms(int layer, long query, long key) {
        append(layer(layer, "self_attn.q_norm"), query);
        append(layer(layer, "self_attn.k_norm"), key);
    }

    private void appendBiases(LlamaConfig config) {
        long start = end;
        if (config.architecture().queryKeyValueBias()) {
            for (int i = 0; i < config.layers(); i++) {
                append(bias(i, "self_attn.q_proj"), config.querySize());
                append(bias(i, "self_attn.k_proj"), config.keyValueSize());
                append(bias(i, "self_attn.v_proj"), config.keyValueSize());
            }
        }
        biases = new Range(start, end - start);
    }

    /** Matrices beside a model: all are decayed, and none is of a layer. */
    static ParameterLayout of(SequencedMap<String, List<Long>> matrices) {
        ParameterLayout layout = new ParameterLayout(1);
        matrices.forEach((name, shape) ->
                layout.append(name, shape.stream().mapToLong(Long::longValue).toArray()));
        layout.hidden = new Range(0, layout.end);
        return layout;
    }

    /** Hugging Face's name of a weight of layer {@code i}. */
    static String layer(int i, String part) {
        return "model.layers." + i + "." + part + ".weight";
    }

    /** Hugging Face's name of a bias of layer {@code i}. */
    static String bias(int i, String part) {
        return "model.layers." + i + "." + part + ".bias";
    }

    private void append(String name, long... shape) {
        Slot slot = new Slot(name, end, java.util.Arrays.stream(shape).boxed().toList());
        slots.put(name, slot);
        end = Math.addExact(end, slot.elements());
    }

    /** All tensors, in the order of the buffer. */
    SequencedMap<String, Slot> slots() {
        return Collections.unmodifiableSequencedMap(slots);
    }

    Slot slot(String name) {
        Slot slot = slots.get(name);
        if (slot == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        return slot;
    }

    /** Embedding and output matrix. */
    Range outer() {
        return outer;
    }

    /** All RMSNorm weights. */
    Range norms() {
        return norms;
    }

    /** What is added behind projections; nothing in most families. */
    Range biases() {
        return biases;
    }

    /** Norms and biases: what no optimiser draws towards zero. */
    Range undecayed() {
        return new Range(norms.offset(), norms.elements() + biases.elements());
    }

    /** The layers' matrices. */
    Range hidden() {
        return hidden;
    }

    /** Elements from one layer's matrices to the next layer's. */
    long layerStride() {
        return hidden.elements() / layers;
    }

    /** Elements of the whole buffer. */
    long elements() {
        return end;
    }
}
