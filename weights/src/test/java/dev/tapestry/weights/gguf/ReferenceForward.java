package dev.tapestry.weights.gguf;

import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The forward pass of {@link TinyLlama} on the Hugging Face layout, to be read rather than run. */
final class ReferenceForward {

    private final ModelDirectory model;
    private final TinyLlama shape;
    private final Function<String, double[][]> tensors;
    private final Map<String, double[][]> known = new HashMap<>();

    ReferenceForward(TinyLlama shape, ModelDirectory model) {
        this.shape = shape;
        this.model = model;
        this.tensors = this::stored;
    }

    /** The same with other numbers: {@code tensors} gives the rows of each by its name. */
    ReferenceForward(TinyLlama shape, ModelDirectory model, Function<String, double[][]> tensors) {
        this.shape = shape;
        this.model = model;
        this.tensors = tensors;
    }

    /** The {@code count} most likely tokens behind {@code prompt}, one after the other. */
    List<Integer> greedy(List<Integer> prompt, int count) {
        return surely(prompt, count, 0);
    }

    /** The same, up to where the second best is within {@code margin} of the best. */
    List<Integer> surely(List<Integer> prompt, int count, double margin) {
        List<Integer> ids = new ArrayList<>(prompt);
        for (int i = 0; i < count; i++) {
            double[] logits = logits(ids);
            int best = 0;
            for (int id = 1; id < logits.length; id++) {
                best = logits[id] > logits[best] ? id : best;
            }
            for (int id = 0; id < logits.length; id++) {
                if (id != best && logits[id] > logits[best] - margin) {
                    return ids.subList(prompt.size(), ids.size());
                }
            }
            ids.add(best);
        }
        return ids.subList(prompt.size(), ids.size());
    }

    private double[] logits(List<Integer> ids) {
        double[][] x = new double[ids.size()][];
        double[][] embedding = matrix("model.embed_tokens.weight");
        for (int t = 0; t < x.length; t++) {
            x[t] = embedding[ids.get(t)].clone();
        }
        for (int layer = 0; layer < TinyLlama.LAYERS; layer++) {
            attend(x, "model.layers." + layer + ".");
            feedForward(x, "model.layers." + layer + ".");
        }
        double[] last = norm(x[x.length - 1], "model.norm.weight");
        return times(matrix(shape.tied() ? "model.embed_tokens.weight" : "lm_head.weight"), last);
    }

    private void attend(double[][] x, String layer) {
        int width = shape.headWidth();
        boolean after = shape.modelType().equals("olmo2");
        double[][] q = new double[x.length][];
        double[][] k = new double[x.length][];
        double[][] v = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            double[] h = after ? x[t] : norm(x[t], layer + "input_layernorm.weight");
            q[t] = rotate(projected(h, layer + "self_attn.q_"), t);
            k[t] = rotate(projected(h, layer + "self_attn.k_"), t);
            v[t] = projected(h, layer + "self_attn.v_");
        }
        for (int t = 0; t < x.length; t++) {
            double[] mixed = new double[shape.width()];
            for (int head = 0; head < TinyLlama.HEADS; head++) {
                int shared = head * TinyLlama.KEY_HEADS / TinyLlama.HEADS;
                double[] weights = new double[t + 1];
                double sum = 0;
                for (int s = 0; s <= t; s++) {
                    double score = 0;
                    for (int i = 0; i < width; i++) {
                        score += q[t][head * width + i] * k[s][shared * width + i];
                    }
                    weights[s] = Math.exp(score / Math.sqrt(width));
                    sum += weights[s];
                }
                for (int s = 0; s <= t; s++) {
                    for (int i = 0; i < width; i++) {
                        mixed[head * width + i] += weights[s] / sum * v[s][shared * width + i];
                    }
                }
            }
            double[] out = times(matrix(layer + "self_attn.o_proj.weight"), mixed);
            add(x[t], after ? norm(out, layer + "post_attention_layernorm.weight") : out);
        }
    }

    /** Queries, keys or values, with what the families put behind the matrix. */
    private double[] projected(double[] h, String part) {
        double[] heads = times(matrix(part + "proj.weight"), h);
        boolean values = part.endsWith("v_");
        switch (shape.modelType()) {
            case "qwen2" -> add(heads, matrix(part + "proj.bias")[0]);
            case "qwen3" -> {
                for (int at = 0; !values && at < heads.length; at += shape.headWidth()) {
                    double[] head = Arrays.copyOfRange(heads, at, at + shape.headWidth());
                    double[] normed = norm(head, part + "norm.weight");
                    System.arraycopy(normed, 0, heads, at, normed.length);
                }
            }
            case "olmo2" -> {
                return values ? heads : norm(heads, part + "norm.weight");
            }
            default -> {}
        }
        return heads;
    }

    private void feedForward(double[][] x, String layer) {
        boolean after = shape.modelType().equals("olmo2");
        for (double[] row : x) {
            double[] h = after ? row : norm(row, layer + "post_attention_layernorm.weight");
            double[] gate = times(matrix(layer + "mlp.gate_proj.weight"), h);
            double[] up = times(matrix(layer + "mlp.up_proj.weight"), h);
            for (int i = 0; i < gate.length; i++) {
                up[i] *= gate[i] / (1 + Math.exp(-gate[i]));
            }
            double[] out = times(matrix(layer + "mlp.down_proj.weight"), up);
            add(row, after ? norm(out, layer + "post_feedforward_layernorm.weight") : out);
        }
    }

    private double[] rotate(double[] heads, int position) {
        int half = shape.headWidth() / 2;
        double[] turned = new double[heads.length];
        for (int i = 0; i < heads.length; i++) {
            int inHead = i % (2 * half);
            double angle = position * scaled(Math.pow(500, -(double) (inHead % half) / half));
            double partner = inHead < half ? -heads[i + half] : heads[i - half];
            turned[i] = heads[i] * Math.cos(angle) + partner * Math.sin(angle);
        }
        return turned;
    }

    /** The rotary scalings of the tests: by 2; or Llama 3's by 8 from 32 positions. */
    private double scaled(double frequency) {
        if (shape.settings().contains("linear")) {
            return frequency / 2;
        }
        if (!shape.settings().contains("llama3")) {
            return frequency;
        }
        double turns = 32 * frequency / (2 * Math.PI);
        double kept = Math.min(1, Math.max(0, (turns - 1) / (4 - 1)));
        return (1 - kept) * frequency / 8 + kept * frequency;
    }

    private double[] norm(double[] x, String name) {
        double squares = 0;
        for (double value : x) {
            squares += value * value;
        }
        double[] gain = matrix(name)[0];
        double[] normed = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            normed[i] = x[i] / Math.sqrt(squares / x.length + 1e-5) * gain[i];
        }
        return normed;
    }

    private static double[] times(double[][] matrix, double[] x) {
        double[] product = new double[matrix.length];
        for (int row = 0; row < matrix.length; row++) {
            for (int i = 0; i < x.length; i++) {
                product[row] += matrix[row][i] * x[i];
            }
        }
        return product;
    }

    private static void add(double[] x, double[] y) {
        for (int i = 0; i < x.length; i++) {
            x[i] += y[i];
        }
    }

    private double[][] matrix(String name) {
        return known.computeIfAbsent(name, tensors);
    }

    private double[][] stored(String name) {
        TensorSpec spec = model.tensor(name);
        float[] numbers = new float[(int) spec.elements()];
        FloatConversion.widen(spec.dtype(), model.data(name), MemorySegment.ofArray(numbers));
        int columns = spec.shape().getLast().intValue();
        double[][] matrix = new double[numbers.length / columns][columns];
        for (int i = 0; i < numbers.length; i++) {
            matrix[i / columns][i % columns] = numbers[i];
        }
        return matrix;
    }
}
