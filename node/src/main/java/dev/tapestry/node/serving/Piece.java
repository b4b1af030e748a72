package dev.tapestry.node.serving;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** What comes of an answer, one after the other; an {@link End} or {@link Broken} is the last. */
sealed interface Piece {

    /**
     * Text.
     *
     * @param text whole characters, perhaps none
     * @param tokens of the last piece of text and before, if their probabilities were asked for
     */
    record Text(String text, List<TokenLog> tokens) implements Piece {
        public Text {
            tokens = List.copyOf(tokens);
        }

        /** Text alone. */
        public Text(String text) {
            this(text, List.of());
        }
    }

    /**
     * The answer is at its end.
     *
     * @param finish {@code stop} or {@code length}; {@code content_filter} if the server behind a
     *     gateway says so
     */
    record End(String finish) implements Piece {}

    /**
     * It was broken off, or could not be begun.
     *
     * @param refusal for whoever asked
     */
    record Broken(ApiRefusal refusal) implements Piece {

        /** Broken off. */
        public Broken(String why) {
            this(new ApiRefusal(ApiRefusal.Kind.INTERNAL, "the answer was broken off: " + why));
        }
    }

    /**
     * Tokens.
     *
     * @param prompt of the prompt
     * @param answer of the answer
     */
    record Usage(int prompt, int answer) {}

    /**
     * A token of the answer and how likely it was.
     *
     * @param likely the token
     * @param alternatives the likeliest there
     */
    record TokenLog(Likely likely, List<Likely> alternatives) {
        public TokenLog {
            alternatives = List.copyOf(alternatives);
        }
    }

    /**
     * A token with its logarithm of probability.
     *
     * @param bytes of its text, each 0 to 255
     * @param logProbability natural
     */
    record Likely(List<Integer> bytes, double logProbability) {
        public Likely {
            bytes = List.copyOf(bytes);
        }

        /** Its text; what is no UTF-8 becomes U+FFFD. */
        String text() {
            byte[] raw = new byte[bytes.size()];
            for (int i = 0; i < raw.length; i++) {
                raw[i] = bytes.get(i).byteValue();
            }
            return new String(raw, StandardCharsets.UTF_8);
        }
    }
}
