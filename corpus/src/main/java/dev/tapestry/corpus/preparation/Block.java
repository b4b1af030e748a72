package dev.tapestry.corpus.preparation;

import java.util.List;
import java.util.Optional;

/** Some whole documents that follow each other in a file, not yet taken apart. */
sealed interface Block {

    /** Where they are from. */
    OpenSource source();

    /** The file, relative to its source. */
    String file();

    /**
     * A piece of a file.
     *
     * @param firstLine the number of its first line, from 1
     * @param bytes UTF-8, as far as anybody knows
     */
    @SuppressWarnings("ArrayRecordComponent") // handed from thread to thread, never compared
    record Piece(OpenSource source, String file, long firstLine, byte[] bytes, int length)
            implements Block {}

    /** Rows of a table. */
    record Rows(OpenSource source, String file, List<Row> rows) implements Block {}

    /** A document that stands in a row. */
    record Row(String text, Optional<String> group) {}
}
