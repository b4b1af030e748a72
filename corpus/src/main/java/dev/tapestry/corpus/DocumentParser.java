package dev.tapestry.corpus;

import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Cuts one text file into documents. Blank documents are left out. */
final class DocumentParser {

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    private final String file;
    private final int maxBytes;

    DocumentParser(String file, int maxBytes) {
        this.file = file;
        this.maxBytes = maxBytes;
    }

    void parse(InputStream in, TextFormat format, Consumer<? super Document> action)
            throws IOException {
        TextLines lines = new TextLines(in, file, maxBytes);
        switch (format) {
            case TextFormat.Lines _ -> {
                while (lines.next()) {
                    emit(lines.text(), Optional.empty(), lines.number(), action);
                }
            }
            case TextFormat.Paragraphs _ -> joined(lines, true, action);
            case TextFormat.WholeFiles _ -> joined(lines, false, action);
            case TextFormat.JsonLines json -> {
                while (lines.next()) {
                    jsonLine(lines, json, action);
                }
            }
            case TextFormat.Csv _, TextFormat.Parquet _ -> throw table(format);
        }
    }

    /** Tables are read once, where text is prepared; what comes out are lines of JSON. */
    private CorpusException table(TextFormat format) {
        return new CorpusException(
                Code.TEXT_MALFORMED,
                "%s is %s, which is not read where it lies; 'tapestry corpus prepare' makes a corpus of it"
                        .formatted(file, format.word()));
    }

    private void joined(TextLines lines, boolean blankEnds, Consumer<? super Document> action)
            throws IOException {
        StringBuilder text = new StringBuilder();
        long bytes = 0;
        long first = 1;
        while (lines.next()) {
            String line = lines.text();
            if (blankEnds && line.isBlank()) {
                emit(text.toString(), Optional.empty(), first, action);
                text.setLength(0);
                bytes = 0;
                continue;
            }
            if (bytes == 0) {
                first = lines.number();
            } else {
                text.append('\n');
            }
            bytes += lines.bytes() + 1;
            if (bytes > maxBytes + 1L) {
                throw new CorpusException(
                        Code.DOCUMENT_TOO_LARGE,
                        "the document at %s line %d is longer than the limit of %d bytes; split it"
                                .formatted(file, first, maxBytes));
            }
            text.append(line);
        }
        emit(text.toString(), Optional.empty(), first, action);
    }

    private void jsonLine(
            TextLines lines, TextFormat.JsonLines format, Consumer<? super Document> action) {
        String line = lines.text();
        if (line.isBlank()) {
            return;
        }
        JsonNode object;
        try {
            object = JSON.readTree(line);
        } catch (JacksonException e) {
            throw malformed(lines, "is not JSON: " + e.getOriginalMessage());
        }
        JsonNode text = object.get(format.textField());
        if (text == null || !text.isString()) {
            throw malformed(lines, "has no text in the field '" + format.textField() + "'");
        }
        if (!Surrogates.paired(text.stringValue())) {
            throw malformed(lines, "has half a surrogate pair in '" + format.textField() + "'");
        }
        Optional<String> group =
                format.groupField()
                        .map(field -> {
                            JsonNode value = object.get(field);
                            if (value == null || !(value.isString() || value.isNumber())) {
                                throw malformed(
                                        lines, "has no value in the group-field '" + field + "'");
                            }
                            return value.asString();
                        });
        emit(text.stringValue(), group, lines.number(), action);
    }

    private void emit(
            String text, Optional<String> group, long line, Consumer<? super Document> action) {
        if (!text.isBlank()) {
            action.accept(new Document(text, group, file, line));
        }
    }

    private CorpusException malformed(TextLines lines, String reason) {
        return new CorpusException(
                Code.TEXT_MALFORMED,
                "%s line %d (byte offset %d) %s"
                        .formatted(file, lines.number(), lines.offset(), reason));
    }
}
