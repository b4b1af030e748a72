package dev.tapestry.corpus.preparation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import dev.tapestry.corpus.CorpusReader;
import dev.tapestry.corpus.TextFormat;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Cuts the files of a source into blocks of whole documents, and digests the files on the way. One
 * block is in memory here; a document has at most {@link CorpusReader#DEFAULT_MAX_DOCUMENT_BYTES}.
 * For one thread.
 */
final class BlockReader {

    private static final int BLOCK = 1 << 20;
    private static final int MOST = CorpusReader.DEFAULT_MAX_DOCUMENT_BYTES;

    private final OpenSource source;
    private final List<Lineage.Input> inputs = new ArrayList<>();
    private long bytes;

    BlockReader(OpenSource source) {
        this.source = source;
    }

    /** Takes blocks in their order. */
    interface Sink {
        void take(Block block) throws IOException;
    }

    /** The files that were read to their end. */
    List<Lineage.Input> inputs() {
        return inputs;
    }

    /** How much was read by now. */
    long bytes() {
        return bytes;
    }

    /** Gives all blocks: files by name, documents as they stand in them. */
    void read(Sink sink) {
        for (String name : source.files().names()) {
            Path path = source.files().checked(name);
            try {
                switch (source.format()) {
                    case TextFormat.Csv _, TextFormat.Parquet _ -> table(name, path, sink);
                    case TextFormat.Lines _,
                            TextFormat.Paragraphs _,
                            TextFormat.WholeFiles _,
                            TextFormat.JsonLines _ ->
                            text(name, path, sink);
                }
            } catch (IOException e) {
                throw new CorpusException(Code.IO, "cannot read " + path + ": " + e, e);
            }
        }
    }

    private void table(String name, Path path, Sink sink) throws IOException {
        MessageDigest sha = Digest.sha256();
        long size = 0;
        try (InputStream in = Files.newInputStream(path, LinkOption.NOFOLLOW_LINKS)) {
            byte[] buffer = new byte[BLOCK];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                sha.update(buffer, 0, read);
                size += read;
                bytes += read;
            }
        }
        new TableReader(source, name, path, MOST).read(sink);
        end(name, size, sha);
    }

    private void text(String name, Path path, Sink sink) throws IOException {
        MessageDigest sha = Digest.sha256();
        long size = 0;
        long line = 1;
        byte[] buffer = new byte[BLOCK + (BLOCK >> 2)];
        int length = 0;
        try (InputStream in = Files.newInputStream(path, LinkOption.NOFOLLOW_LINKS)) {
            while (true) {
                if (length == buffer.length) {
                    buffer = Arrays.copyOf(buffer, Math.min(2 * length, MOST + 1));
                }
                int read = in.read(buffer, length, buffer.length - length);
                if (read > 0) {
                    sha.update(buffer, length, read);
                    length += read;
                    size += read;
                    bytes += read;
                }
                boolean end = read < 0;
                if (size == length && length > 0) {
                    refuseOtherEncodings(name, buffer, length);
                }
                if (!end && length < BLOCK) {
                    continue;
                }
                int cut = end ? length : cut(buffer, length);
                if (cut == 0 && length > MOST) {
                    throw new CorpusException(
                            Code.DOCUMENT_TOO_LARGE,
                            "the document at %s line %d is longer than the limit of %d bytes; split it"
                                    .formatted(name, line, MOST));
                }
                if (cut > 0) {
                    sink.take(new Block.Piece(source, name, line, Arrays.copyOf(buffer, cut), cut));
                    line += lines(buffer, cut);
                    length -= cut;
                    System.arraycopy(buffer, cut, buffer, 0, length);
                }
                if (end) {
                    break;
                }
            }
        }
        end(name, size, sha);
    }

    private void end(String name, long size, MessageDigest sha) {
        inputs.add(
                new Lineage.Input(source.source().name(), name, size, Digest.ofHash(sha.digest())));
    }

    /** Where the last whole document of the buffer ends; 0 if none does. */
    private int cut(byte[] buffer, int length) {
        return switch (source.format()) {
            case TextFormat.WholeFiles _, TextFormat.Csv _, TextFormat.Parquet _ -> 0;
            case TextFormat.Lines _, TextFormat.JsonLines _ -> lastLineEnd(buffer, length);
            case TextFormat.Paragraphs _ -> lastParagraphEnd(buffer, length);
        };
    }

    private static int lastLineEnd(byte[] buffer, int length) {
        for (int i = length; i > 0; i--) {
            if (buffer[i - 1] == '\n') {
                return i;
            }
        }
        return 0;
    }

    /** Behind an empty line; a line of spaces is empty for whoever cuts documents later. */
    private static int lastParagraphEnd(byte[] buffer, int length) {
        boolean empty = false;
        for (int i = length; i > 0; i--) {
            byte b = buffer[i - 1];
            if (b == '\n') {
                if (empty) {
                    int end = i;
                    while (buffer[end] != '\n') {
                        end++;
                    }
                    return end + 1;
                }
                empty = true;
            } else if (b != ' ' && b != '\t' && b != '\r') {
                empty = false;
            }
        }
        return 0;
    }

    private static long lines(byte[] buffer, int length) {
        long lines = 0;
        for (int i = 0; i < length; i++) {
            lines += buffer[i] == '\n' ? 1 : 0;
        }
        return lines;
    }

    private static void refuseOtherEncodings(String name, byte[] buffer, int length) {
        if (length < 2) {
            return;
        }
        int mark = ((buffer[0] & 0xff) << 8) | (buffer[1] & 0xff);
        if (mark == 0xfeff || mark == 0xfffe) {
            throw new CorpusException(
                    Code.TEXT_MALFORMED,
                    "%s begins as UTF-16 does; convert it to UTF-8, for example with 'iconv -f UTF-16 -t UTF-8'"
                            .formatted(name));
        }
    }
}
