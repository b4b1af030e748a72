package dev.tapestry.corpus;

import java.util.Optional;

/** How documents stand in the files of a corpus; all files are UTF-8. */
public sealed interface TextFormat {

    /** {@code *.txt}: each line that is not blank is a document. */
    record Lines() implements TextFormat {}

    /** {@code *.txt}: documents are separated by one or more blank lines. */
    record Paragraphs() implements TextFormat {}

    /** {@code *.txt}: each file is a document. */
    record WholeFiles() implements TextFormat {}

    /**
     * {@code *.jsonl}: each line is a JSON object.
     *
     * @param textField the field that holds the document
     * @param groupField the field whose equal values keep documents on the same side of a split,
     *     such as the date of a debate
     */
    record JsonLines(String textField, Optional<String> groupField) implements TextFormat {}

    /** The word for it in {@code card.yaml}. */
    default String word() {
        return switch (this) {
            case Lines _ -> "lines";
            case Paragraphs _ -> "paragraphs";
            case WholeFiles _ -> "files";
            case JsonLines _ -> "json-lines";
        };
    }

    /** The ending of the names of files in this format, with its dot. */
    default String fileEnding() {
        return switch (this) {
            case Lines _, Paragraphs _, WholeFiles _ -> ".txt";
            case JsonLines _ -> ".jsonl";
        };
    }
}
