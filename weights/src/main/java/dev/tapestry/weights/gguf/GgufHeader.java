package dev.tapestry.weights.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Collects the keys of a GGUF file and renders everything that stands before the data. */
final class GgufHeader {

    /** Every tensor begins at a multiple of this many bytes. */
    static final int ALIGNMENT = 32;

    private static final int VERSION = 3;

    /** The numbers by which the format tells the types of values. */
    private enum Type {
        U32(4),
        I32(5),
        F32(6),
        BOOL(7),
        STRING(8),
        ARRAY(9);

        private final int number;

        Type(int number) {
            this.number = number;
        }
    }

    private final ByteArrayOutputStream keys = new ByteArrayOutputStream();
    private int count;

    GgufHeader string(String key, String value) {
        begin(key, Type.STRING);
        string(keys, value);
        return this;
    }

    GgufHeader u32(String key, int value) {
        begin(key, Type.U32);
        u32(keys, value);
        return this;
    }

    GgufHeader f32(String key, float value) {
        begin(key, Type.F32);
        u32(keys, Float.floatToIntBits(value));
        return this;
    }

    GgufHeader bool(String key, boolean value) {
        begin(key, Type.BOOL);
        keys.write(value ? 1 : 0);
        return this;
    }

    GgufHeader strings(String key, List<String> values) {
        beginArray(key, Type.STRING, values.size());
        values.forEach(value -> string(keys, value));
        return this;
    }

    GgufHeader integers(String key, List<Integer> values) {
        beginArray(key, Type.I32, values.size());
        values.forEach(value -> u32(keys, value));
        return this;
    }

    /** The whole head of the file, up to where the data begins. */
    byte[] toBytes(List<GgufTensor> tensors) {
        var head = new ByteArrayOutputStream();
        head.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        u32(head, VERSION);
        u64(head, tensors.size());
        u64(head, count);
        head.writeBytes(keys.toByteArray());
        long offset = 0;
        for (GgufTensor tensor : tensors) {
            string(head, tensor.name());
            List<Long> shape = tensor.shape();
            u32(head, shape.size());
            shape.reversed().forEach(dimension -> u64(head, dimension));
            u32(head, tensor.format().number());
            u64(head, offset);
            offset = aligned(offset + tensor.bytes());
        }
        head.writeBytes(new byte[(int) (aligned(head.size()) - head.size())]);
        return head.toByteArray();
    }

    /** The next multiple of {@link #ALIGNMENT}. */
    static long aligned(long offset) {
        return Math.ceilDiv(offset, ALIGNMENT) * ALIGNMENT;
    }

    private void begin(String key, Type type) {
        string(keys, key);
        u32(keys, type.number);
        count++;
    }

    private void beginArray(String key, Type elements, int size) {
        begin(key, Type.ARRAY);
        u32(keys, elements.number);
        u64(keys, size);
    }

    private static void string(ByteArrayOutputStream out, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        u64(out, bytes.length);
        out.writeBytes(bytes);
    }

    private static void u32(ByteArrayOutputStream out, int value) {
        out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    }

    private static void u64(ByteArrayOutputStream out, long value) {
        out.writeBytes(
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    }
}
