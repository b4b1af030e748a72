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
            default -> throw new IllegalArgumentException("type " + tensor.type());
        };
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
