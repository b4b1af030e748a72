package dev.tapestry.corpus;

import java.util.Optional;

/**
 * One document of a corpus.
 *
 * @param text its text, never blank, with every surrogate paired
 * @param group the value that keeps it together with others in a {@link HeldOutSplit}
 * @param file where it stands, relative to the corpus directory
 * @param line the number of its first line there, from 1
 */
public record Document(String text, Optional<String> group, String file, long line) {

    @Override
    public String toString() {
        return "Document[" + file + ":" + line + ", " + text.length() + " characters]";
    }
}
