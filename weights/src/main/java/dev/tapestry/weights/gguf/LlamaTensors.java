package dev.tapestry.weights.gguf;

import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import dev.tapestry.weights.WeightsException.Code;
import dev.tapestry.weights.architecture.Architecture;
import dev.tapestry.weights.architecture.RopeScaling;
import dev.tapestry.weights.gguf.GgufTensor.Source;
import dev.tapestry.weights.gguf.Quantisation.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Which tensors a model of the Llama family has, by what names, in which shapes. */
final class LlamaTensors {

    private final ModelDirectory model;
    private final LlamaSettings settings;
    private final Architecture architecture;
    private final GgufFamily family;
    private final Quantisation quantisation;
    private final Set<String> unused;
    private final List<GgufTensor> tensors = new ArrayList<>();

    private LlamaTensors(ModelDirectory model, LlamaSettings settings, Quantisation quantisation) {
        this.model = model;
        this.settings = settings;
        this.architecture = settings.variant().architecture();
        this.family = settings.family();
        this.quantisation = quantisation;
        this.unused = new TreeSet<>(model.tensors().keySet());
    }

    /**
     * All tensors of the model, in the order of the computation.
     *
     * @throws WeightsException if one is missing, has another shape, or is not part of its family
     */
    static List<GgufTensor> of(
            ModelDirectory model, LlamaSettings settings, Quantisation quantisation) {
        return new LlamaTensors(model, settings, quantisation).collect();
    }

    private List<GgufTensor> collect() {
        long width = settings.width();
        boolean makesLogits = settings.tiedEmbeddings() && !family.needsOutput();
        matrix(
                "token_embd",
                "model.embed_tokens",
                new Place(makesLogits ? Role.OUTPUT : Role.USUAL, 0, 0),
                settings.vocabulary(),
                width);
        addFrequencyFactors();
        for (int layer = 0; layer < settings.layers(); layer++) {
            addLayer(layer, "blk." + layer + ".", "model.layers." + layer + ".");
        }
        vector("output_norm.weight", "model.norm.weight", width);
        if (!settings.tiedEmbeddings() || family.needsOutput()) {
            matrix(
                    "output",
                    settings.tiedEmbeddings() ? "model.embed_tokens" : "lm_head",
                    new Place(Role.OUTPUT, 0, 0),
                    settings.vocabulary(),
                    width);
        }
        refuseUnused();
        return tensors;
    }

    private void refuseUnused() {
        if (settings.tiedEmbeddings()) {
            unused.remove("lm_head.weight");
        }
        // Old exports carry the rotary frequencies, which follow from the settings.
        unused.removeIf(name -> name.endsWith(".rotary_emb.inv_freq"));
        if (!unused.isEmpty()) {
            throw new WeightsException(
                    Code.UNSUPPORTED,
                    "%s has tensors that are not part of a %s: %s"
                            .formatted(model.path(), architecture.modelType(), unused));
        }
    }

    private void addLayer(int layer, String to, String from) {
        long width = settings.width();
        long inner = settings.feedForwardWidth();
        long queryRows = (long) settings.heads() * settings.headWidth();
        long keyRows = (long) settings.keyValueHeads() * settings.headWidth();
        Place query = new Place(Role.USUAL, layer, family.rotaryHeads(settings.heads()));
        Place key = new Place(Role.USUAL, layer, family.rotaryHeads(settings.keyValueHeads()));
        Place delicate = new Place(Role.DELICATE, layer, 0);
        Place usual = new Place(Role.USUAL, layer, 0);
        String attentionNorm =
                switch (architecture.normPlacement()) {
                    case BEFORE -> "attn_norm";
                    case AFTER -> "post_attention_norm";
                };
        String feedForwardNorm =
                switch (architecture.normPlacement()) {
                    case BEFORE -> "ffn_norm";
                    case AFTER -> "post_ffw_norm";
                };
        layerVector(layer, attentionNorm, architecture.attentionNorm() + ".weight", width);
        matrix(to + "attn_q", from + "self_attn.q_proj", query, queryRows, width);
        matrix(to + "attn_k", from + "self_attn.k_proj", key, keyRows, width);
        matrix(to + "attn_v", from + "self_attn.v_proj", delicate, keyRows, width);
        if (architecture.queryKeyValueBias()) {
            vector(to + "attn_q.bias", from + "self_attn.q_proj.bias", queryRows);
            vector(to + "attn_k.bias", from + "self_attn.k_proj.bias", keyRows);
            vector(to + "attn_v.bias", from + "self_attn.v_proj.bias", keyRows);
        }
        switch (architecture.queryKeyNorm()) {
            case NONE -> {}
            case PER_HEAD -> addHeadNorms(layer, settings.headWidth(), settings.headWidth());
            case WHOLE -> addHeadNorms(layer, queryRows, keyRows);
        }
        matrix(to + "attn_output", from + "self_attn.o_proj", usual, width, queryRows);
        layerVector(layer, feedForwardNorm, architecture.feedForwardNorm() + ".weight", width);
        matrix(to + "ffn_gate", from + "mlp.gate_proj", usual, inner, width);
        matrix(to + "ffn_up", from + "mlp.up_proj", usual, inner, width);
        matrix(to + "ffn_down", from + "mlp.down_proj", delicate, width, inner);
    }

    private void addHeadNorms(int layer, long query, long key) {
        layerVector(layer, "attn_q_norm", "self_attn.q_norm.weight", query);
        layerVector(layer, "attn_k_norm", "self_attn.k_norm.weight", key);
    }

    /** What single rotary frequencies are divided by, where that is not the same for all. */
    private void addFrequencyFactors() {
        switch (settings.variant().ropeScaling()) {
            case RopeScaling.None _, RopeScaling.Linear _ -> {}
            case RopeScaling.Llama3 scaling -> {
                List<Float> divisors = new ArrayList<>();
                for (int pair = 0; pair < settings.headWidth() / 2; pair++) {
                    double frequency =
                            Math.pow(settings.ropeTheta(), -2.0 * pair / settings.headWidth());
                    divisors.add((float) scaling.divisor(frequency));
                }
                tensors.add(
                        new GgufTensor(
                                "rope_freqs.weight",
                                List.of((long) divisors.size()),
                                TensorFormat.F32,
                                new Source.Computed(divisors)));
            }
        }
    }

    /** Where a matrix stands, and how many heads of it turn. */
    private record Place(Role role, int layer, int rotaryHeads) {}

    private void matrix(String to, String from, Place place, long rows, long columns) {
        TensorFormat format =
                quantisation.of(place.role(), place.layer(), settings.layers(), columns);
        add(to + ".weight", from + ".weight", format, place.rotaryHeads(), rows, columns);
    }

    private void layerVector(int layer, String to, String from, long elements) {
        vector(
                "blk." + layer + "." + to + ".weight",
                "model.layers." + layer + "." + from,
                elements);
    }

    private void vector(String to, String from, long elements) {
        add(to, from, TensorFormat.F32, 0, elements);
    }

    private void add(String to, String from, TensorFormat format, int rotaryHeads, long... shape) {
        TensorSpec source = model.tensor(from);
        List<Long> expected = Arrays.stream(shape).boxed().toList();
        if (!source.shape().equals(expected)) {
            throw new WeightsException(
                    Code.SHAPE,
                    "%s of %s has the shape %s; its config.json asks for %s"
                            .formatted(source.name(), model.path(), source.shape(), expected));
        }
        tensors.add(new GgufTensor(to, expected, format, new Source.Stored(source, rotaryHeads)));
        unused.remove(source.name());
    }
}
