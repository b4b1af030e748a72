package dev.tapestry.training;

import dev.tapestry.weights.architecture.Architecture;
import dev.tapestry.weights.architecture.RopeScaling;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The forward pass of a Llama and of its relatives in plain Java doubles, to be read from top to
 * bottom: the oracle that the fast one is checked against. It takes nothing from the engine but the
 * numbers of the Hugging Face tensors.
 */
final class ReferenceLlama {

    private final LlamaConfig config;
    private final FlatParameters parameters;

    ReferenceLlama(Llama model) {
        this.config = model.config();
        this.parameters = model.parameters();
    }

    /** Logits {@code [seq][vocab]}. */
    double[][] logits(int[] ids) {
        double[][] x = new double[ids.length][];
        for (int t = 0; t < ids.length; t++) {
            x[t] = weight("model.embed_tokens.weight")[ids[t]].clone();
        }
        for (int layer = 0; layer < config.layers(); layer++) {
            if (config.architecture() == Architecture.OLMO2) {
                double[][] attended = attention(x, layer);
                x = sum(x, normed(attended, layer(layer, "post_attention_layernorm")));
                double[][] fed = feedForward(x, layer);
                x = sum(x, normed(fed, layer(layer, "post_feedforward_layernorm")));
            } else {
                x = sum(x, attention(normed(x, layer(layer, "input_layernorm")), layer));
                x = sum(x, feedForward(normed(x, layer(layer, "post_attention_layernorm")), layer));
            }
        }
        String head = config.tiedEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight";
        return product(normed(x, weight("model.norm.weight")), weight(head));
    }

    private double[][] attention(double[][] x, int layer) {
        double[][] q = product(x, layer(layer, "self_attn.q_proj"));
        double[][] k = product(x, layer(layer, "self_attn.k_proj"));
        double[][] v = product(x, layer(layer, "self_attn.v_proj"));
        int size = config.headSize();
        switch (config.architecture()) {
            case LLAMA, MISTRAL -> {}
            case QWEN2 -> {
                q = plus(q, bias(layer, "self_attn.q_proj"));
                k = plus(k, bias(layer, "self_attn.k_proj"));
                v = plus(v, bias(layer, "self_attn.v_proj"));
            }
            case QWEN3 -> {
                q = normedHeads(q, layer(layer, "self_attn.q_norm"));
                k = normedHeads(k, layer(layer, "self_attn.k_norm"));
            }
            case OLMO2 -> {
                q = normed(q, layer(layer, "self_attn.q_norm"));
                k = normed(k, layer(layer, "self_attn.k_norm"));
            }
        }
        int window = config.variant().slidingWindow().orElse(Integer.MAX_VALUE);
        double[][] mixed = new double[x.length][config.querySize()];
        for (int head = 0; head < config.attentionHeads(); head++) {
            int shared = head / (config.attentionHeads() / config.keyValueHeads());
            for (int t = 0; t < x.length; t++) {
                double[] query = turned(q[t], head, t);
                double[] scores = new double[t + 1];
                for (int s = 0; s <= t; s++) {
                    scores[s] =
                            t - s < window
                                    ? dot(query, turned(k[s], shared, s)) / Math.sqrt(size)
                                    : Double.NEGATIVE_INFINITY;
                }
                double[] shares = softmax(scores);
                for (int s = 0; s <= t; s++) {
                    for (int i = 0; i < size; i++) {
                        mixed[t][head * size + i] += shares[s] * v[s][shared * size + i];
                    }
                }
            }
        }
        return product(mixed, layer(layer, "self_attn.o_proj"));
    }

    /** RoPE as Hugging Face's rotate_half: component i is turned with component i + size / 2. */
    private double[] turned(double[] heads, int head, int position) {
        int size = config.headSize();
        int half = size / 2;
        double[] turned = new double[size];
        for (int i = 0; i < half; i++) {
            double angle = position * frequency(Math.pow(config.ropeTheta(), -2.0 * i / size));
            double a = heads[head * size + i];
            double b = heads[head * size + half + i];
            turned[i] = a * Math.cos(angle) - b * Math.sin(angle);
            turned[half + i] = b * Math.cos(angle) + a * Math.sin(angle);
        }
        return turned;
    }

    /** As in Hugging Face's modeling_rope_utils: in terms of wavelengths. */
    private double frequency(double usual) {
        return switch (config.variant().ropeScaling()) {
            case RopeScaling.None() -> usual;
            case RopeScaling.Linear(double factor) -> usual / factor;
            case RopeScaling.Llama3(double factor, double low, double high, int first) -> {
                double wavelength = 2 * Math.PI / usual;
                if (wavelength < first / high) {
                    yield usual;
                }
                if (wavelength > first / low) {
                    yield usual / factor;
                }
                double smooth = (first / wavelength - low) / (high - low);
                yield (1 - smooth) * usual / factor + smooth * usual;
            }
        };
    }

    private static double[][] plus(double[][] x, double[] bias) {
        for (double[] row : x) {
            for (int i = 0; i < row.length; i++) {
                row[i] += bias[i];
            }
        }
        return x;
    }

    /** Each head by itself. */
    private double[][] normedHeads(double[][] x, double[][] weight) {
        int size = config.headSize();
        for (double[] row : x) {
            for (int at = 0; at < row.length; at += size) {
                double[][] head = {Arrays.copyOfRange(row, at, at + size)};
                System.arraycopy(normed(head, weight)[0], 0, row, at, size);
            }
        }
        return x;
    }

    private double[] bias(int layer, String part) {
        return weight("model.layers." + layer + "." + part + ".bias")[0];
    }

    private double[][] feedForward(double[][] x, int layer) {
        double[][] gate = product(x, layer(layer, "mlp.gate_proj"));
        double[][] up = product(x, layer(layer, "mlp.up_proj"));
        for (int t = 0; t < x.length; t++) {
            for (int i = 0; i < gate[t].length; i++) {
                gate[t][i] = gate[t][i] / (1 + Math.exp(-gate[t][i])) * up[t][i];
            }
        }
        return product(gate, layer(layer, "mlp.down_proj"));
    }

    private double[][] normed(double[][] x, double[][] weight) {
        double[][] normed = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            double scale = 1 / Math.sqrt(dot(x[t], x[t]) / x[t].length + config.rmsNormEpsilon());
            normed[t] = x[t].clone();
            for (int i = 0; i < normed[t].length; i++) {
                normed[t][i] *= scale * weight[0][i];
            }
        }
        return normed;
    }

    /** x · Wᵀ. */
    private static double[][] product(double[][] x, double[][] weight) {
        return Arrays.stream(x)
                .map(row -> Arrays.stream(weight).mapToDouble(w -> dot(row, w)).toArray())
                .toArray(double[][]::new);
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double[] softmax(double[] scores) {
        double max = Arrays.stream(scores).max().orElseThrow();
        double[] powers = Arrays.stream(scores).map(s -> Math.exp(s - max)).toArray();
        double total = Arrays.stream(powers).sum();
        return Arrays.stream(powers).map(p -> p / total).toArray();
    }

    private static double[][] sum(double[][] a, double[][] b) {
        for (int t = 0; t < a.length; t++) {
            for (int i = 0; i < a[t].length; i++) {
                a[t][i] += b[t][i];
            }
        }
        return a;
    }

    private double[][] layer(int layer, String part) {
        return weight("model.layers." + layer + "." + part + ".weight");
    }

    /** A tensor's rows; a vector is one row. */
    private double[][] weight(String name) {
        ParameterLayout.Slot slot = parameters.layout().slot(name);
        float[] flat =
                NativeTensors.memory(parameters.tensor(name)).toArray(ValueLayout.JAVA_FLOAT);
        int columns = Math.toIntExact(slot.shape().getLast());
        double[][] rows = new double[flat.length / columns][columns];
        for (int i = 0; i < flat.length; i++) {
            rows[i / columns][i % columns] = flat[i];
        }
        return rows;
    }
}
