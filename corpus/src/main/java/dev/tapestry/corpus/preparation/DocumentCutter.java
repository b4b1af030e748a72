package dev.tapestry.corpus.preparation;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import dev.tapestry.corpus.Surrogates;
import dev.tapestry.corpus.TextFormat;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Takes a block apart into documents. Lines that are not the JSON object that their source promises
 * are counted and left out; bytes that are not UTF-8 are refused, for then the whole file is
 * something else. For one block and one thread.
 */
final class DocumentCutter {

    private static final JsonFactory JSON = new JsonFactory();

    private final Spooled.Batch batch;
    private final Consumer<Draft> action;

    DocumentCutter(Spooled.Batch batch, Consumer<Draft> action) {
        this.batch = batch;
        this.action = action;
    }

    void cut(Block block) {
        switch (block) {
            case Block.Rows(OpenSource source, String _, var rows) ->
                    rows.forEach(row -> emit(source, row.text(), row.group()));
            case Block.Piece piece -> {
                switch (piece.source().format()) {
                    case TextFormat.Lines _ ->
                            eachLine(
                                    piece,
                                    (start, end, line) ->
                                            emit(
                                                    piece.source(),
                                                    text(piece, start, end, line),
                                                    none()));
                    case TextFormat.JsonLines json ->
                            eachLine(
                                    piece,
                                    (start, end, line) -> json(piece, start, end, line, json));
                    case TextFormat.Paragraphs _ -> paragraphs(piece);
                    case TextFormat.WholeFiles _ ->
                            emit(piece.source(), text(piece, 0, piece.length(), 1), none());
                    case TextFormat.Csv _, TextFormat.Parquet _ ->
                            throw new IllegalStateException("tables come in rows");
                }
            }
        }
    }

    private interface Line {
        void at(int start, int end, long line);
    }

    private static void eachLine(Block.Piece piece, Line action) {
        byte[] bytes = piece.bytes();
        int length = piece.length();
        long line = piece.firstLine();
        int start = line == 1 ? afterMark(bytes, length) : 0;
        while (start < length) {
            int end = start;
            while (end < length && bytes[end] != '\n') {
                end++;
            }
            action.at(start, end > start && bytes[end - 1] == '\r' ? end - 1 : end, line);
            start = end + 1;
            line++;
        }
    }

    private void paragraphs(Block.Piece piece) {
        int[] open = {-1, 0};
        long[] first = {0};
        eachLine(
                piece,
                (start, end, line) -> {
                    if (isBlank(piece.bytes(), start, end)) {
                        if (open[0] >= 0) {
                            emit(piece.source(), text(piece, open[0], open[1], first[0]), none());
                        }
                        open[0] = -1;
                        return;
                    }
                    if (open[0] < 0) {
                        open[0] = start;
                        first[0] = line;
                    }
                    open[1] = end;
                });
        if (open[0] >= 0) {
            emit(piece.source(), text(piece, open[0], open[1], first[0]), none());
        }
    }

    private void json(
            Block.Piece piece, int start, int end, long line, TextFormat.JsonLines format) {
        if (isBlank(piece.bytes(), start, end)) {
            return;
        }
        String reason;
        try (JsonParser parser =
                JSON.createParser(ObjectReadContext.empty(), piece.bytes(), start, end - start)) {
            reason = fields(parser, piece.source(), format);
        } catch (JacksonException e) {
            // It may be no UTF-8 at all; that is another matter than one bad line.
            text(piece, start, end, line);
            reason = "is not JSON";
        }
        if (reason != null) {
            batch.malformed("%s line %d %s".formatted(piece.file(), line, reason));
        }
    }

    private @Nullable String fields(
            JsonParser parser, OpenSource source, TextFormat.JsonLines format) {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            return "is not a JSON object";
        }
        String text = null;
        String group = null;
        for (String name = parser.nextName(); name != null; name = parser.nextName()) {
            JsonToken value = parser.nextToken();
            if (name.equals(format.textField())) {
                if (text != null || value != JsonToken.VALUE_STRING) {
                    return "has no text, or two, in the field '" + name + "'";
                }
                text = parser.getString();
            } else if (format.groupField().isPresent() && name.equals(format.groupField().get())) {
                if (group != null || !(value == JsonToken.VALUE_STRING || value.isNumeric())) {
                    return "has no value, or two, in the group-field '" + name + "'";
                }
                group = parser.getString();
            } else {
                parser.skipChildren();
            }
        }
        if (parser.nextToken() != null) {
            return "goes on after its JSON object";
        }
        if (text == null) {
            return "has no text in the field '" + format.textField() + "'";
        }
        if (format.groupField().isPresent() && group == null) {
            return "has no value in the group-field '" + format.groupField().get() + "'";
        }
        if (!Surrogates.paired(text) || (group != null && !Surrogates.paired(group))) {
            return "has half a surrogate pair";
        }
        emit(source, text, Optional.ofNullable(group));
        return null;
    }

    private void emit(OpenSource source, String text, Optional<String> group) {
        if (!text.isBlank()) {
            boolean open = source.language().equals(Source.DETECT);
            action.accept(new Draft(text, group, open ? Languages.UNKNOWN : source.language()));
        }
    }

    private static Optional<String> none() {
        return Optional.empty();
    }

    /** The text of some bytes, which must be UTF-8. */
    private static String text(Block.Piece piece, int start, int end, long line) {
        int from = line == 1 && start == 0 ? afterMark(piece.bytes(), end) : start;
        String text = new String(piece.bytes(), from, end - from, StandardCharsets.UTF_8);
        if (text.indexOf('\uFFFD') >= 0) {
            refuseMalformed(piece, from, end, line);
        }
        return text;
    }

    private static void refuseMalformed(Block.Piece piece, int start, int end, long line) {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer bytes = ByteBuffer.wrap(piece.bytes(), start, end - start);
        if (decoder.decode(bytes, CharBuffer.allocate(end - start), true).isError()) {
            long at = line;
            for (int i = start; i < bytes.position(); i++) {
                at += piece.bytes()[i] == '\n' ? 1 : 0;
            }
            throw new CorpusException(
                    Code.TEXT_MALFORMED,
                    "%s is not UTF-8 at line %d (0x%02x); convert the file, for example with 'iconv -f LATIN1 -t UTF-8'"
                            .formatted(piece.file(), at, piece.bytes()[bytes.position()]));
        }
    }

    private static int afterMark(byte[] bytes, int length) {
        boolean mark =
                length >= 3
                        && bytes[0] == (byte) 0xef
                        && bytes[1] == (byte) 0xbb
                        && bytes[2] == (byte) 0xbf;
        return mark ? 3 : 0;
    }

    private static boolean isBlank(byte[] bytes, int start, int end) {
        for (int i = start; i < end; i++) {
            if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r') {
                return false;
            }
        }
        return true;
    }
}
