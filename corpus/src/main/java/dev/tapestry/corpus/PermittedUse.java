package dev.tapestry.corpus;

/** What the text of a data set may be used for; whatever the card does not list is forbidden. */
public enum PermittedUse {
    /** Continued pre-training whose weights go back to the shared base. */
    CONTRIBUTED_CPT("contributed-cpt"),
    /** Continued pre-training of the member's own sovereign model. */
    PRIVATE_CPT("private-cpt"),
    /** Counting byte pairs for a tokenizer, whose vocabulary shows frequent words of the text. */
    TOKENIZER_TRAINING("tokenizer-training"),
    /** Instruction tuning of the member's own sovereign model. */
    INSTRUCTION_TUNING("instruction-tuning"),
    /** Preference alignment of the member's own sovereign model. */
    ALIGNMENT("alignment"),
    /** Scoring models on held-out text; only numbers leave the node. */
    EVALUATION("evaluation");

    private final String word;

    PermittedUse(String word) {
        this.word = word;
    }

    /** The word for it in {@code card.yaml}. */
    public String word() {
        return word;
    }
}
