package dev.tapestry.weights.codec;

/** The nearest BF16, ties to even; what would become infinite becomes the largest finite one. */
record Bf16Coder(Kernels kernels) implements GroupCoder {

    @Override
    public int maxBytes(int count) {
        return count * Short.BYTES;
    }

    @Override
    public int encode(float[] values, int count, byte[] out) {
        kernels.narrow(values, count, out);
        return maxBytes(count);
    }

    @Override
    public void decode(GroupBytes in, int count, float[] values) {
        kernels.widen(in.bytes(), count, values);
        in.requireFinite(kernels, values, count, Short.BYTES);
    }
}
