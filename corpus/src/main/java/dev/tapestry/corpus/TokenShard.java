package dev.tapestry.corpus;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

/**
 * Packed tokens on disk, mapped into memory and read only. The whole file is checked when it is
 * opened: length, digest, every id, the number of documents. Reads are thread-safe; after {@link
 * #close()} they fail with {@link IllegalStateException}.
 */
public final class TokenShard implements AutoCloseable {

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Arena arena;
    private final MemorySegment tokens;
    private final ShardHeader header;
    private final boolean narrow;

    private TokenShard(Arena arena, MemorySegment tokens, ShardHeader header) {
        this.arena = arena;
        this.tokens = tokens;
        this.header = header;
        this.narrow = header.bytesPerToken() == 2;
    }

    /**
     * Opens and checks a shard; a truncated or corrupt one is refused with {@code SHARD_INVALID}.
     */
    @SuppressWarnings("MustBeClosedChecker") // the shard owns the arena and closes it
    public static TokenShard open(Path path) {
        Arena arena = Arena.ofShared();
        boolean kept = false;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            MemorySegment file =
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            ShardHeader header = ShardHeader.read(path, file);
            TokenShard shard = new TokenShard(arena, file.asSlice(ShardHeader.BYTES), header);
            shard.check(path);
            kept = true;
            return shard;
        } catch (IOException e) {
            throw new CorpusException(Code.IO, "cannot read " + path + ": " + e, e);
        } finally {
            if (!kept) {
                arena.close();
            }
        }
    }

    /**
     * The digest of the tokenizer that a shard's header names; of the rest only the length is
     * looked at.
     */
    public static Digest tokenizerOf(Path path) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
                Arena arena = Arena.ofConfined()) {
            return ShardHeader.read(
                            path,
                            channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena))
                    .tokenizer();
        } catch (IOException e) {
            throw new CorpusException(Code.IO, "cannot read " + path + ": " + e, e);
        }
    }

    /** The size of the vocabulary: every token is below it. */
    public int vocabSize() {
        return header.vocabSize();
    }

    /** The token that ends each document. */
    public int endOfText() {
        return header.endOfText();
    }

    /** How many tokens there are, ends of documents included. */
    public long tokenCount() {
        return header.tokenCount();
    }

    /** How many documents there are. */
    public long documents() {
        return header.documents();
    }

    /** The length of the documents' text in UTF-8: what bits per byte are divided by. */
    public long textBytes() {
        return header.textBytes();
    }

    /** The length of the documents' text in code points: what bits per character are divided by. */
    public long textCharacters() {
        return header.textCharacters();
    }

    /** The digest of all tokens. */
    public Digest digest() {
        return header.digest();
    }

    /** The digest of the {@code tokenizer.json} that made the tokens. */
    public Digest tokenizer() {
        return header.tokenizer();
    }

    /** The digest of the card of the text. */
    public Digest card() {
        return header.card();
    }

    /** The token at {@code index}, 0 to {@link #tokenCount()} − 1. */
    public int token(long index) {
        Objects.checkIndex(index, header.tokenCount());
        return read(index);
    }

    /** Copies the window that begins at {@code from} into all of {@code window}. */
    public void copy(long from, long[] window) {
        Objects.checkFromIndexSize(from, window.length, header.tokenCount());
        for (int i = 0; i < window.length; i++) {
            window[i] = read(from + i);
        }
    }

    /**
     * Copies a window into native memory as 64-bit integers in native order, which is how libtorch
     * takes ids.
     *
     * @param window holds {@code count} × 8 bytes or more
     */
    public void copy(long from, int count, MemorySegment window) {
        Objects.checkFromIndexSize(from, count, header.tokenCount());
        for (int i = 0; i < count; i++) {
            window.set(ValueLayout.JAVA_LONG_UNALIGNED, i * 8L, read(from + i));
        }
    }

    @Override
    public void close() {
        arena.close();
    }

    private int read(long index) {
        return narrow ? tokens.get(SHORT, index * 2) & 0xffff : tokens.get(INT, index * 4);
    }

    private void check(Path path) {
        if (!header.digestOf(tokens).equals(header.digest())) {
            throw new CorpusException(
                    Code.SHARD_INVALID, path + " does not have the digest it says; pack it again");
        }
        long ends = 0;
        for (long i = 0; i < header.tokenCount(); i++) {
            int token = read(i);
            if (token < 0 || token >= header.vocabSize()) {
                throw new CorpusException(
                        Code.SHARD_INVALID,
                        "%s: token %d is %d, beyond the vocabulary of %d"
                                .formatted(path, i, token, header.vocabSize()));
            }
            ends += token == header.endOfText() ? 1 : 0;
        }
        if (ends != header.documents()) {
            throw new CorpusException(
                    Code.SHARD_INVALID,
                    "%s says %d documents but ends %d".formatted(path, header.documents(), ends));
        }
    }
}
