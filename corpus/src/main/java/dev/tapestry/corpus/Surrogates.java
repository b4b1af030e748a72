package dev.tapestry.corpus;

/** Java strings can hold halves of surrogate pairs, which UTF-8 cannot express. */
public final class Surrogates {

    private Surrogates() {}

    /** Whether {@code text} can be written as UTF-8 without loss. */
    public static boolean paired(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                boolean pair =
                        Character.isHighSurrogate(c)
                                && i + 1 < text.length()
                                && Character.isLowSurrogate(text.charAt(i + 1));
                if (!pair) {
                    return false;
                }
                i++;
            }
        }
        return true;
    }
}
