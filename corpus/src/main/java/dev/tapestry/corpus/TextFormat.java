package dev.tapestry.corpus;

import java.util.List;
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

    /**
     * {@code *.csv} with a line of names: each row is a document. Only {@code corpus prepare} reads
     * it.
     *
     * @param textField the column that holds the document
     * @param groupField as in {@link JsonLines}
     */
    record Csv(String textField, Optional<String> groupField) implements TextFormat {}

    /**
     * {@code *.parquet}: each row is a document. Only {@code corpus prepare} reads it.
     *
     * @param textField the column that holds the document
     * @param groupField as in {@link JsonLines}
     */
    record Parquet(String textField, Optional<String> groupField) implements TextFormat {}

    /**
     * The format with its word in {@code card.yaml}; the fields matter only where documents have
     * some.
     */
    static Optional<TextFormat> of(String word, String textField, Optional<String> groupField) {
        return switch (word) {
            case "lines" -> Optional.of(new Lines());
            case "paragraphs" -> Optional.of(new Paragraphs());
            case "files" -> Optional.of(new WholeFiles());
            case "json-lines" -> Optional.of(new JsonLines(textField, groupField));
            case "csv" -> Optional.of(new Csv(textField, groupField));
            case "parquet" -> Optional.of(new Parquet(textField, groupField));
            case String _ -> Optional.empty();
        };
    }

    /** The words of all formats. */
    static List<String> words() {
        return List.of("lines", "paragraphs", "files", "json-lines", "csv", "parquet");
    }

    /** The field that holds the document, where it has fields. */
    default Optional<String> textFieldName() {
        return switch (this) {
            case Lines _, Paragraphs _, WholeFiles _ -> Optional.empty();
            case JsonLines(String text, Optional<String> _) -> Optional.of(text);
            case Csv(String text, Optional<String> _) -> Optional.of(text);
            case Parquet(String text, Optional<String> _) -> Optional.of(text);
        };
    }

    /** The field that keeps documents together, if one does. */
    default Optional<String> groupFieldName() {
        return switch (this) {
            case Lines _, Paragraphs _, WholeFiles _ -> Optional.empty();
            case JsonLines(String _, Optional<String> group) -> group;
            case Csv(String _, Optional<String> group) -> group;
            case Parquet(String _, Optional<String> group) -> group;
        };
    }

    /** The word for it in {@code card.yaml}. */
    default String word() {
        return switch (this) {
            case Lines _ -> "lines";
            case Paragraphs _ -> "paragraphs";
            case WholeFiles _ -> "files";
            case JsonLines _ -> "json-lines";
            case Csv _ -> "csv";
            case Parquet _ -> "parquet";
        };
    }

    /** The ending of the names of files in this format, with its dot. */
    default String fileEnding() {
        return switch (this) {
            case Lines _, Paragraphs _, WholeFiles _ -> ".txt";
            case JsonLines _ -> ".jsonl";
            case Csv _ -> ".csv";
            case Parquet _ -> ".parquet";
        };
    }
}
