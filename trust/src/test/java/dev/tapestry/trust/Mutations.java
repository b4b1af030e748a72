package dev.tapestry.trust;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Assertions;

/** Spoils good bytes in many small ways, always the same ones for the same seed. */
public final class Mutations {

    private Mutations() {}

    /** Runs a reader on spoilt copies; it may accept one or throw {@link TrustException}. */
    public static void onlyTrustExceptions(
            long seed, int count, byte[] good, Consumer<byte[]> reader) {
        Random random = new Random(seed);
        for (int i = 0; i < count; i++) {
            byte[] spoilt = spoil(good, random);
            try {
                reader.accept(spoilt);
            } catch (TrustException _) {
                // As it should be.
            } catch (RuntimeException | Error e) {
                Assertions.fail("seed " + seed + ", copy " + i + ": " + Arrays.toString(spoilt), e);
            }
        }
    }

    private static byte[] spoil(byte[] good, Random random) {
        byte[] bytes = good.clone();
        for (int changes = 1 + random.nextInt(3); changes > 0 && bytes.length > 0; changes--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(6)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt(256);
                case 2 -> bytes = Arrays.copyOf(bytes, at);
                case 3 -> bytes = splice(bytes, at, at + random.nextInt(bytes.length - at + 1), "");
                case 4 -> bytes = splice(bytes, at, at, PIECES[random.nextInt(PIECES.length)]);
                default -> {
                    int from = random.nextInt(bytes.length);
                    byte[] copied =
                            Arrays.copyOfRange(bytes, Math.min(from, at), Math.max(from, at));
                    bytes = splice(bytes, at, at, copied);
                }
            }
        }
        return bytes;
    }

    private static final String[] PIECES = {
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "null",
        "1e999",
        "-",
        "9999999999999999999",
        "\\ud800",
        "\n\n",
        "\u0000",
        "— ",
        "=",
        "\"type\":",
        "true",
        "\uFEFF",
        ".",
        "-----BEGIN X-----\n"
    };

    private static byte[] splice(byte[] bytes, int from, int to, String piece) {
        byte[] inserted = piece.getBytes(UTF_8);
        byte[] spliced = splice(bytes, from, from, inserted);
        int removed = to - from;
        System.arraycopy(
                spliced, to + inserted.length, spliced, from + inserted.length, bytes.length - to);
        return Arrays.copyOf(spliced, spliced.length - removed);
    }

    private static byte[] splice(byte[] bytes, int from, int to, byte[] inserted) {
        byte[] spliced = Arrays.copyOf(bytes, bytes.length + inserted.length);
        System.arraycopy(inserted, 0, spliced, from, inserted.length);
        System.arraycopy(bytes, to, spliced, from + inserted.length, bytes.length - to);
        return spliced;
    }
}
