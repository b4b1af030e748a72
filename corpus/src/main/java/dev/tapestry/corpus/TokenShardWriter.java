package dev.tapestry.corpus;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;

/**
 * Writes a token shard beside its target and moves it there when it is whole; closed without {@link
 * #publish()} it leaves nothing behind. Not thread-safe.
 */
public final class TokenShardWriter implements AutoCloseable {

    private final Path target;
    private final Path temporary;
    private final FileChannel channel;
    private final ByteLevelTokenizer tokenizer;
    private final Digest card;
    private final int endOfText;
    private final int width;
    private final MessageDigest sha = Digest.sha256();
    private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    private long tokens;
    private long documents;
    private long textBytes;
    private long textCharacters;
    private boolean sealed;
    private boolean published;

    private TokenShardWriter(
            Path target,
            Path temporary,
            FileChannel channel,
            ByteLevelTokenizer tokenizer,
            int endOfText,
            Digest card) {
        this.target = target;
        this.temporary = temporary;
        this.channel = channel;
        this.tokenizer = tokenizer;
        this.card = card;
        this.endOfText = endOfText;
        this.width = ShardHeader.bytesPerToken(tokenizer.vocabSize());
    }

    /**
     * Begins a shard.
     *
     * @param target where it will lie; its directory exists
     * @param card the digest of the card of the text
     */
    public static TokenShardWriter create(Path target, ByteLevelTokenizer tokenizer, Digest card) {
        int endOfText =
                tokenizer
                        .endOfText()
                        .orElseThrow(() ->
                                new CorpusException(
                                        Code.TOKENIZER_UNSUPPORTED,
                                        "the tokenizer has no token for the end of a text;"
                                                + " name it as eos_token in"
                                                + " tokenizer_config.json"));
        try {
            Path directory = target.toAbsolutePath().getParent();
            Path temporary =
                    Files.createTempFile(directory, "." + target.getFileName(), WholeFile.PART);
            FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE);
            channel.position(ShardHeader.BYTES);
            return new TokenShardWriter(target, temporary, channel, tokenizer, endOfText, card);
        } catch (IOException e) {
            throw new CorpusException(Code.IO, "cannot begin " + target + ": " + e, e);
        }
    }

    /** Appends a document and its end. */
    public void add(String text) {
        int[] ids = tokenizer.encode(text);
        for (int id : ids) {
            put(id);
        }
        put(endOfText);
        tokens += ids.length + 1L;
        documents++;
        textBytes += text.getBytes(StandardCharsets.UTF_8).length;
        textCharacters += text.codePointCount(0, text.length());
    }

    /** How many documents were added. */
    public long documents() {
        return documents;
    }

    /** Ends the shard and makes it durable, beside its target; nothing can be added any more. */
    public void seal() {
        try {
            drain();
            ShardHeader header =
                    new ShardHeader(
                                    tokenizer.vocabSize(),
                                    endOfText,
                                    tokens,
                                    documents,
                                    textBytes,
                                    textCharacters,
                                    tokenizer.digest(),
                                    card,
                                    Digest.ofHash(new byte[32]))
                            .sealedBy(sha);
            channel.position(0);
            write(ByteBuffer.wrap(header.bytes()));
            channel.force(true);
            channel.close();
            sealed = true;
        } catch (IOException e) {
            throw new CorpusException(Code.IO, "cannot finish " + target + ": " + e, e);
        }
    }

    /** Gives the sealed shard its name, durably, and says what is in it. */
    public PackedSide publish() {
        if (!sealed) {
            throw new IllegalStateException(target + " is published before it is sealed");
        }
        try {
            WholeFile.publish(temporary, target);
            published = true;
            return new PackedSide(target, documents, textBytes, textCharacters, tokens);
        } catch (IOException e) {
            throw new CorpusException(Code.IO, "cannot finish " + target + ": " + e, e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
            if (!published) {
                Files.deleteIfExists(temporary);
            }
        } catch (IOException e) {
            throw new CorpusException(Code.IO, "cannot remove " + temporary + ": " + e, e);
        }
    }

    private void put(int token) {
        if (buffer.remaining() < width) {
            drain();
        }
        if (width == 2) {
            buffer.putShort((short) token);
        } else {
            buffer.putInt(token);
        }
    }

    private void drain() {
        try {
            buffer.flip();
            sha.update(buffer.duplicate());
            write(buffer);
            buffer.clear();
        } catch (IOException e) {
            throw new CorpusException(Code.IO, "cannot write " + temporary + ": " + e, e);
        }
    }

    private void write(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
