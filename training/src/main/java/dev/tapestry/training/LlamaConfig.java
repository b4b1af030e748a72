package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.architecture.Architecture;
import dev.tapestry.weights.architecture.RopeScaling;
import dev.tapestry.weights.architecture.Variant;
import java.util.OptionalInt;

/**
 * The shape of a model of the Llama family, as its Hugging Face {@code config.json} says it ({@link
 * LlamaConfigFile} reads and writes that).
 *
 * @param vocabularySize rows of the embedding
 * @param hiddenSize width of the residual stream
 * @param intermediateSize width of the SwiGLU feed-forward layer
 * @param layers decoder layers
 * @param attentionHeads query heads
 * @param keyValueHeads key and value heads; divides {@code attentionHeads} (grouped-query
 *     attention)
 * @param headSize components of one head; even, since RoPE turns pairs
 * @param maxPositions longest sequence the model is meant for
 * @param ropeTheta base of the rotary frequencies
 * @param rmsNormEpsilon added to the mean square in RMSNorm
 * @param tiedEmbeddings whether the output matrix is the embedding
 * @param initializerRange standard deviation of fresh weights
 * @param beginToken id that begins a document, if the model has one
 * @param endToken id that ends a document, if the model has one
 * @param variant in what its layers differ from the first Llama's
 */
public record LlamaConfig(
        int vocabularySize,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int attentionHeads,
        int keyValueHeads,
        int headSize,
        int maxPositions,
        double ropeTheta,
        double rmsNormEpsilon,
        boolean tiedEmbeddings,
        double initializerRange,
        OptionalInt beginToken,
        OptionalInt endToken,
        Variant variant) {

    public LlamaConfig {
        range("vocab_size", vocabularySize, 1 << 20);
        range("hidden_size", hiddenSize, 1 << 16);
        range("intermediate_size", intermediateSize, 1 << 18);
        range("num_hidden_layers", layers, 1 << 10);
        range("num_attention_heads", attentionHeads, 1 << 10);
        range("num_key_value_heads", keyValueHeads, 1 << 10);
        range("head_dim", headSize, 1 << 10);
        range("max_position_embeddings", maxPositions, 1 << 20);
        if (attentionHeads % keyValueHeads != 0) {
            throw malformed(
                    "num_key_value_heads %d does not divide num_attention_heads %d"
                            .formatted(keyValueHeads, attentionHeads));
        }
        if (headSize % 2 != 0) {
            throw malformed("head_dim %d is odd; rotary embeddings turn pairs".formatted(headSize));
        }
        if (!(ropeTheta > 0 && ropeTheta < Double.POSITIVE_INFINITY)) {
            throw malformed("rope_theta %s is not a positive number".formatted(ropeTheta));
        }
        if (!(rmsNormEpsilon >= 0 && rmsNormEpsilon < 1)) {
            throw malformed("rms_norm_eps %s is not in [0, 1)".formatted(rmsNormEpsilon));
        }
        if (!(initializerRange > 0 && initializerRange < 1)) {
            throw malformed("initializer_range %s is not in (0, 1)".formatted(initializerRange));
        }
    }

    /** A plain Llama. */
    public LlamaConfig(
            int vocabularySize,
            int hiddenSize,
            int intermediateSize,
            int layers,
            int attentionHeads,
            int keyValueHeads,
            int headSize,
            int maxPositions,
            double ropeTheta,
            double rmsNormEpsilon,
            boolean tiedEmbeddings,
            double initializerRange,
            OptionalInt beginToken,
            OptionalInt endToken) {
        this(
                vocabularySize,
                hiddenSize,
                intermediateSize,
                layers,
                attentionHeads,
                keyValueHeads,
                headSize,
                maxPositions,
                ropeTheta,
                rmsNormEpsilon,
                tiedEmbeddings,
                initializerRange,
                beginToken,
                endToken,
                Variant.of(Architecture.LLAMA));
    }

    /**
     * The shape that a model directory's {@code config.json} says; its weights are not looked at.
     *
     * @throws TrainingException {@code MALFORMED_CONFIG} or {@code UNSUPPORTED_MODEL}
     */
    public static LlamaConfig of(ModelDirectory model) {
        return LlamaConfigFile.read(model.config());
    }

    /**
     * A small model with a tied embedding and the usual constants: RoPE base 10,000, epsilon 1e-5,
     * initial deviation 0.02.
     */
    public static LlamaConfig small(
            int vocabularySize,
            int hiddenSize,
            int intermediateSize,
            int layers,
            int attentionHeads,
            int keyValueHeads,
            int maxPositions) {
        return new LlamaConfig(
                vocabularySize,
                hiddenSize,
                intermediateSize,
                layers,
                attentionHeads,
                keyValueHeads,
                hiddenSize / attentionHeads,
                maxPositions,
                10_000,
                1e-5,
                true,
                0.02,
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    /** The same model with an output matrix of its own, or without. */
    public LlamaConfig withTiedEmbeddings(boolean tied) {
        return new LlamaConfig(
                vocabularySize,
                hiddenSize,
                intermediateSize,
                layers,
                attentionHeads,
                keyValueHeads,
                headSize,
                maxPositions,
                ropeTheta,
                rmsNormEpsilon,
                tied,
                initializerRange,
                beginToken,
                endToken,
                variant);
    }

    /** The same sizes in another variant. */
    public LlamaConfig withVariant(Variant other) {
        return new LlamaConfig(
                vocabularySize,
                hiddenSize,
                intermediateSize,
                layers,
                attentionHeads,
                keyValueHeads,
                headSize,
                maxPositions,
                ropeTheta,
                rmsNormEpsilon,
                tiedEmbeddings,
                initializerRange,
                beginToken,
                endToken,
                other);
    }

    /** The same model whose documents begin and end with these ids. */
    public LlamaConfig withDocumentTokens(OptionalInt begin, OptionalInt end) {
        return new LlamaConfig(
                vocabularySize,
                hiddenSize,
                intermediateSize,
                layers,
                attentionHeads,
                keyValueHeads,
                headSize,
                maxPositions,
                ropeTheta,
                rmsNormEpsilon,
                tiedEmbeddings,
                initializerRange,
                begin,
                end,
                variant);
    }

    /** Its family. */
    public Architecture architecture() {
        return variant.architecture();
    }

    /** What a pair of a head turns by from one position to the next, in radians. */
    double frequency(int pair) {
        return RopeScaling.frequency(variant.ropeScaling(), ropeTheta, headSize, pair);
    }

    /** Components of all query heads together. */
    public int querySize() {
        return attentionHeads * headSize;
    }

    /** Components of all key heads together; the value heads have as many. */
    public int keyValueSize() {
        return keyValueHeads * headSize;
    }

    /** Number of parameters, a tied embedding counted once. */
    public long parameters() {
        return ParameterLayout.of(this).elements();
    }

    /**
     * Floating-point operations to train on one token: 6 for each weight of a matrix product, and
     * 6·T·d per layer for causal attention over T positions.
     */
    public double trainingFlopsPerToken(int sequenceLength) {
        double perLayer =
                (double) hiddenSize
                        * (2.0 * querySize() + 2.0 * keyValueSize() + 3.0 * intermediateSize);
        return 6 * (perLayer * layers + (double) vocabularySize * hiddenSize)
                + 6.0 * layers * sequenceLength * querySize();
    }

    /** The limits are far above the largest Llamas; with them no product of sizes overflows. */
    private static void range(String key, int value, int most) {
        if (value < 1 || value > most) {
            throw malformed("%s is %d; this engine takes 1 to %d".formatted(key, value, most));
        }
    }

    private static TrainingException malformed(String message) {
        return new TrainingException(Code.MALFORMED_CONFIG, "config.json: " + message);
    }
}
