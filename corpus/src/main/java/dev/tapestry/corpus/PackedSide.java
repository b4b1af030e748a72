package dev.tapestry.corpus;

import java.nio.file.Path;

/**
 * What one token shard holds.
 *
 * @param file the shard
 * @param documents how many documents
 * @param textBytes their text in UTF-8
 * @param textCharacters their text in code points
 * @param tokens ends of documents included
 */
public record PackedSide(
        Path file, long documents, long textBytes, long textCharacters, long tokens) {}
