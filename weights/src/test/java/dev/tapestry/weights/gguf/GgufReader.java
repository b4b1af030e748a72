package dev.tapestry.weights.gguf;

import dev.tapestry.weights.FloatConversion;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads a GGUF file as the format describes it. */
final class GgufReader {

    record Tensor(List<Long> shape, int type, long offset) {}

    private final ByteBuffer bytes;
    final Map<String, Object> keys = new LinkedHashMap<>();
    final Map<String, Tensor> tensors = new LinkedHashMap<>();
    final int dataAt;

    GgufReader(Path path) throws IOException {
        bytes = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.getInt() != 0x46554747 || bytes.getInt() != 3) {
            throw new IOException("not GGUF version 3");
        }
        long tensorCount = bytes.getLong();
        long keyCount = bytes.getLong();
        for (long i = 0; i < keyCount; i++) {
            keys.put(string(), value(bytes.getInt()));
        }
        for (long i = 0; i < tensorCount; i++) {
            String name = string();
            List<Long> reversed = new ArrayList<>();
            for (int d = bytes.getInt(); d > 0; d--) {
                reversed.addFirst(bytes.getLong());
            }
            tensors.put(name, new Tensor(reversed, bytes.getInt(), bytes.getLong()));
        }
        dataAt = (bytes.position() + 31) / 32 * 32;
    }

    private GgufReader(byte[] data, int type) {
        bytes = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
        tensors.put("data", new Tensor(List.of(), type, 0));
        dataAt = 0;
    }

    /** Of nothing but the data of one tensor, which is called data. */
    static GgufReader ofData(byte[] data, int type) {
        return new GgufReader(data, type);
    }

    int fileBytes() {
        return bytes.capacity();
    }

    /** Number {@code index} of a tensor, whatever its type. */
    float number(String name, int index) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no tensor " + name);
        }
        int at = dataAt + (int) tensor.offset();
        return switch (tensor.type()) {
            case 0 -> bytes.getFloat(at + index * 4);
            case 1 -> FloatConversion.fromFloat16(bytes.getShort(at + index * 2));
            case 8 ->
                    FloatConversion.fromFloat16(bytes.getShort(at + index / 32 * 34))
                            * bytes.get(at + index / 32 * 34 + 2 + index % 32);
            case 2 -> {
                int block = at + index / 32 * 18;
                int q = bytes.get(block + 2 + index % 16) >> (index % 32 < 16 ? 0 : 4) & 15;
                yield half(block) * (q - 8);
            }
            case 12 -> fourBits(at + index / 256 * 144, index % 256);
            case 14 -> sixBits(at + index / 256 * 210, index % 256);
            default -> throw new IllegalArgumentException("type " + tensor.type());
        };
    }

    /** Number {@code i} of a block of Q4_K. */
    private float fourBits(int block, int i) {
        int part = i / 32;
        int scale;
        int least;
        if (part < 4) {
            scale = bytes.get(block + 4 + part) & 63;
            least = bytes.get(block + 8 + part) & 63;
        } else {
            int low = bytes.get(block + 8 + part) & 255;
            scale = (low & 15) | (bytes.get(block + part) & 255) >> 6 << 4;
            least = low >> 4 | (bytes.get(block + 4 + part) & 255) >> 6 << 4;
        }
        int q = bytes.get(block + 16 + i / 64 * 32 + i % 32) >> (part % 2 == 0 ? 0 : 4) & 15;
        return half(block) * scale * q - half(block + 2) * least;
    }

    /** Number {@code i} of a block of Q6_K. */
    private float sixBits(int block, int i) {
        int side = i / 128;
        int quarter = i % 128 / 32;
        int low = bytes.get(block + 64 * side + i % 64) >> (quarter < 2 ? 0 : 4) & 15;
        int high = bytes.get(block + 128 + 32 * side + i % 32) >> (2 * quarter) & 3;
        int q = (low | high << 4) - 32;
        return half(block + 208) * bytes.get(block + 192 + i / 16) * q;
    }

    private float half(int at) {
        return FloatConversion.fromFloat16(bytes.getShort(at));
    }

    private Object value(int type) throws IOException {
        return switch (type) {
            case 4, 5 -> bytes.getInt();
            case 6 -> bytes.getFloat();
            case 7 -> bytes.get() == 1;
            case 8 -> string();
            case 9 -> {
                int element = bytes.getInt();
                List<Object> values = new ArrayList<>();
                for (long n = bytes.getLong(); n > 0; n--) {
                    values.add(value(element));
                }
                yield values;
            }
            default -> throw new IOException("value of type " + type);
        };
    }

    private String string() {
        byte[] text = new byte[(int) bytes.getLong()];
        bytes.get(text);
        return new String(text, StandardCharsets.UTF_8);
    }
}
