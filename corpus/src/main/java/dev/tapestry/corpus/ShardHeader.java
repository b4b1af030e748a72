package dev.tapestry.corpus;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.CorpusException.Code;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;

/** The first 160 bytes of a token shard; the package's documentation has the layout. */
record ShardHeader(
        int vocabSize,
        int endOfText,
        long tokenCount,
        long documents,
        long textBytes,
        long textCharacters,
        Digest tokenizer,
        Digest card,
        Digest digest) {

    static final int BYTES = 160;

    /** ASCII {@code TAPTOKEN}, little-endian. */
    private static final long MAGIC = 0x4e45_4b4f_5450_4154L;

    private static final int VERSION = 1;
    private static final int DIGESTED_BYTES = 128;
    private static final long DIGEST_CHUNK = 1 << 20;

    /** Two bytes per token while they suffice, else four. */
    static int bytesPerToken(int vocabSize) {
        return vocabSize <= 1 << 16 ? 2 : 4;
    }

    int bytesPerToken() {
        return bytesPerToken(vocabSize);
    }

    /** All 160 bytes, with {@code digest} as it is. */
    byte[] bytes() {
        return ByteBuffer.allocate(BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(MAGIC)
                .putInt(VERSION)
                .putInt(bytesPerToken())
                .putInt(vocabSize)
                .putInt(endOfText)
                .putLong(tokenCount)
                .putLong(documents)
                .putLong(textBytes)
                .putLong(textCharacters)
                .putLong(0)
                .put(tokenizer.bytes())
                .put(card.bytes())
                .put(digest.bytes())
                .array();
    }

    /** This header with the digest that ends {@code tokens}, a digest fed with all tokens. */
    ShardHeader sealedBy(MessageDigest tokens) {
        tokens.update(bytes(), 0, DIGESTED_BYTES);
        return new ShardHeader(
                vocabSize,
                endOfText,
                tokenCount,
                documents,
                textBytes,
                textCharacters,
                tokenizer,
                card,
                Digest.ofHash(tokens.digest()));
    }

    /** The digest that this header must have before {@code tokens}. */
    Digest digestOf(MemorySegment tokens) {
        MessageDigest sha = Digest.sha256();
        for (long at = 0; at < tokens.byteSize(); at += DIGEST_CHUNK) {
            long size = Math.min(DIGEST_CHUNK, tokens.byteSize() - at);
            sha.update(tokens.asSlice(at, size).asByteBuffer());
        }
        return sealedBy(sha).digest();
    }

    static ShardHeader read(Path path, MemorySegment file) {
        if (file.byteSize() < BYTES) {
            throw invalid(path, "has %d bytes, fewer than its header".formatted(file.byteSize()));
        }
        byte[] raw = file.asSlice(0, BYTES).toArray(ValueLayout.JAVA_BYTE);
        ByteBuffer bytes = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.getLong() != MAGIC) {
            throw invalid(path, "is not a token shard: it does not begin with TAPTOKEN");
        }
        int version = bytes.getInt();
        if (version != VERSION) {
            throw invalid(
                    path, "has version %d; this program reads %d".formatted(version, VERSION));
        }
        int width = bytes.getInt();
        int vocabSize = bytes.getInt();
        int endOfText = bytes.getInt();
        long tokenCount = bytes.getLong();
        ShardHeader header =
                new ShardHeader(
                        vocabSize,
                        endOfText,
                        tokenCount,
                        bytes.getLong(),
                        bytes.getLong(),
                        bytes.getLong(),
                        digest(bytes.position(bytes.position() + 8)),
                        digest(bytes),
                        digest(bytes));
        header.check(path, width, file.byteSize());
        if (!Arrays.equals(raw, 0, DIGESTED_BYTES, header.bytes(), 0, DIGESTED_BYTES)) {
            throw invalid(path, "has something in the bytes that version 1 leaves zero");
        }
        return header;
    }

    private void check(Path path, int width, long fileBytes) {
        if (vocabSize < 1 || endOfText < 0 || endOfText >= vocabSize) {
            throw invalid(
                    path,
                    "has a vocabulary of %d with end of text %d".formatted(vocabSize, endOfText));
        }
        if (width != bytesPerToken()) {
            throw invalid(path, "has %d bytes per token for %d tokens".formatted(width, vocabSize));
        }
        if (tokenCount < 0
                || documents < 0
                || textBytes < 0
                || textCharacters < 0
                || textCharacters > textBytes) {
            throw invalid(path, "has impossible counts: " + this);
        }
        if (tokenCount > fileBytes || tokenCount * width != fileBytes - BYTES) {
            throw invalid(
                    path,
                    "has %d bytes where %d tokens need %d; it was cut off or grew"
                            .formatted(fileBytes, tokenCount, BYTES + tokenCount * width));
        }
    }

    private static Digest digest(ByteBuffer bytes) {
        byte[] hash = new byte[32];
        bytes.get(hash);
        return Digest.ofHash(hash);
    }

    private static CorpusException invalid(Path path, String reason) {
        return new CorpusException(Code.SHARD_INVALID, path + " " + reason);
    }
}
