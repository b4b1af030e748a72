package dev.tapestry.corpus.chat;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** Who speaks. */
public enum Role {
    /** Instructions that stand above the conversation. */
    SYSTEM,
    /** Who asks. */
    USER,
    /** Who answers: what a model learns to say. */
    ASSISTANT;

    /** As templates and files write it. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The role that is written so, also as {@code human} and {@code gpt}. */
    static Optional<Role> of(String text) {
        return switch (text) {
            case "human" -> Optional.of(USER);
            case "gpt" -> Optional.of(ASSISTANT);
            case String other ->
                    Arrays.stream(values()).filter(role -> role.text().equals(other)).findFirst();
        };
    }
}
