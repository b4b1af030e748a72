package dev.tapestry.corpus;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * The tokens of a byte-level tokenizer by id and by bytes. Holds all 256 single bytes, so that any
 * text has ids. Immutable.
 */
final class Vocabulary {

    private static final byte[] NOTHING = {};

    private final Map<String, Integer> ids;
    private final Map<ByteBuffer, Integer> idsByBytes = new HashMap<>();
    private final byte[][] bytes;
    private final int[] idOfByte = new int[256];

    /**
     * Builds a vocabulary.
     *
     * @param ids the byte-level tokens; no id twice, each at least 0
     * @param added the tokens that stand for themselves
     * @throws IllegalArgumentException with the reason, when the tokens contradict each other
     */
    Vocabulary(Map<String, Integer> ids, List<SpecialToken> added) {
        this.ids = new HashMap<>(ids);
        added.forEach(token -> this.ids.put(token.content(), token.id()));
        int size = 1 + this.ids.values().stream().mapToInt(Integer::intValue).max().orElse(-1);
        this.bytes = new byte[size][];
        added.forEach(token ->
                bytes[token.id()] =
                        token.special()
                                ? NOTHING
                                : token.content().getBytes(StandardCharsets.UTF_8));
        Map<Integer, String> addedById =
                added.stream().collect(Collectors.toMap(SpecialToken::id, SpecialToken::content));
        ids.forEach((token, id) -> addBytes(token, id, addedById));
        for (int b = 0; b < 256; b++) {
            Integer id = ids.get(String.valueOf(ByteAlphabet.character(b)));
            if (id == null) {
                throw new IllegalArgumentException("byte %d has no token".formatted(b));
            }
            idOfByte[b] = id;
        }
    }

    private void addBytes(String token, int id, Map<Integer, String> added) {
        if (bytes[id] != null) {
            if (token.equals(added.get(id))) {
                return;
            }
            throw new IllegalArgumentException("two tokens have the id " + id);
        }
        byte[] value = ByteAlphabet.bytes(token);
        if (value == null) {
            throw new IllegalArgumentException(
                    "the token '" + token + "' is not written in the byte alphabet");
        }
        bytes[id] = value;
        idsByBytes.put(ByteBuffer.wrap(value), id);
    }

    int size() {
        return bytes.length;
    }

    OptionalInt id(String token) {
        Integer id = ids.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    OptionalInt idOf(byte[] word) {
        Integer id = idsByBytes.get(ByteBuffer.wrap(word));
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    int idOf(byte single) {
        return idOfByte[single & 0xff];
    }

    byte[] bytes(int id) {
        if (id < 0 || id >= bytes.length) {
            throw new IndexOutOfBoundsException(
                    "the vocabulary has ids 0 to %d, not %d".formatted(bytes.length - 1, id));
        }
        return bytes[id] == null ? NOTHING : bytes[id];
    }
}
