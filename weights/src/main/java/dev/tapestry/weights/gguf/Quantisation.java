package dev.tapestry.weights.gguf;

/** How the matrices of a GGUF file are stored. */
public enum Quantisation {
    /** Every number as it is: 32 bits. */
    F32(0, TensorFormat.F32),
    /** IEEE 754 binary16: 16 bits. */
    F16(1, TensorFormat.F16),
    /**
     * Blocks of 32 signed bytes with one binary16 scale: 8.5 bits; the error is at most 1/254 of
     * the largest number of the block.
     */
    Q8_0(7, TensorFormat.Q8_0),
    /**
     * Blocks of 256 four-bit numbers whose 32s have a scale and a minimum of their own: 4.5 bits;
     * the output matrix and half of the values and down projections with six bits. In all about 4.9
     * bits.
     */
    Q4_K_M(15, TensorFormat.Q4_K),
    /** Blocks of 32 four-bit numbers with one binary16 scale: 4.5 bits; the output with six. */
    Q4_0(2, TensorFormat.Q4_0);

    /** What a matrix does, where that decides how it is stored. */
    enum Role {
        /** Makes logits; also an embedding that does so. */
        OUTPUT,
        /** Makes the values of attention, or leads back from the feed-forward network. */
        DELICATE,
        /** Anything else. */
        USUAL
    }

    private final int fileTypeNumber;
    private final TensorFormat usual;

    Quantisation(int fileTypeNumber, TensorFormat usual) {
        this.fileTypeNumber = fileTypeNumber;
        this.usual = usual;
    }

    /** The number of this type in {@code general.file_type}. */
    int fileTypeNumber() {
        return fileTypeNumber;
    }

    /**
     * How a matrix is stored.
     *
     * @param layer that it is of; 0 for those of none
     * @param layers of the model
     * @param rowElements its columns
     */
    TensorFormat of(Role role, int layer, int layers, long rowElements) {
        TensorFormat format =
                switch (this) {
                    case F32, F16, Q8_0 -> usual;
                    case Q4_0 -> role == Role.OUTPUT ? TensorFormat.Q6_K : usual;
                    case Q4_K_M ->
                            switch (role) {
                                case OUTPUT -> TensorFormat.Q6_K;
                                case DELICATE ->
                                        moreBits(layer, layers) ? TensorFormat.Q6_K : usual;
                                case USUAL -> usual;
                            };
                };
        return format.forRowsOf(rowElements);
    }

    /** The first and the last eighth of the layers, and of those between every third. */
    private static boolean moreBits(int layer, int layers) {
        int eighth = layers / 8;
        return layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
    }
}
