package dev.tapestry.corpus;

import java.util.List;
import java.util.OptionalInt;

/** What a {@code tokenizer.json} says, checked: the parts of a {@link ByteLevelTokenizer}. */
record TokenizerParts(
        Vocabulary vocabulary,
        MergeTable merges,
        PreTokenizer preTokenizer,
        boolean nfc,
        boolean ignoreMerges,
        List<SpecialToken> added,
        OptionalInt endOfText,
        OptionalInt beginOfText) {}
