package dev.tapestry.corpus;

/** How freely a data set may be had; the later, the more it is restricted. */
public enum DataCategory {
    /** Anybody can have it, and others have it too. */
    OPEN("open"),
    /** Anybody can have it, but only this member has it in this form. */
    UNIQUE_OPEN("unique-open"),
    /** Had under conditions: an agreement, a licence, an ethics vote. */
    CONTROLLED("controlled"),
    /** Belongs to a people or a state and stays under its law. */
    SOVEREIGN("sovereign"),
    /** Belongs to the member alone. */
    PRIVATE("private");

    private final String word;

    DataCategory(String word) {
        this.word = word;
    }

    /** The word for it in {@code card.yaml}. */
    public String word() {
        return word;
    }
}
