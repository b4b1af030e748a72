package dev.tapestry.corpus.preparation;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The documents between the first pass and the last, on disk in their order: the texts in one file,
 * their signatures, all of one length, in another. A document is named by its place. For one
 * thread.
 */
final class Spool implements AutoCloseable {

    private static final int BUFFER = 1 << 18;

    private final Path texts;
    private final Path signatures;
    private final Path index;
    private final int signatureLength;
    private final DataOutputStream textOut;
    private final DataOutputStream signatureOut;
    private final DataOutputStream indexOut;
    private final byte[] none;
    private int documents;

    Spool(Path folder, int signatureLength) throws IOException {
        texts = folder.resolve("texts");
        signatures = folder.resolve("signatures");
        index = folder.resolve("index");
        this.signatureLength = signatureLength;
        none = new byte[signatureLength];
        textOut = out(texts);
        signatureOut = out(signatures);
        indexOut = out(index);
    }

    private static DataOutputStream out(Path file) throws IOException {
        return new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file), BUFFER));
    }

    /** Appends a document; its place. */
    int add(Spooled.Keyed keyed) throws IOException {
        Spooled document = keyed.document();
        textOut.writeShort(document.source());
        textOut.writeBoolean(document.heldOut());
        textOut.writeUTF(document.language());
        byte[] group = document.group().getBytes(StandardCharsets.UTF_8);
        textOut.writeInt(group.length);
        textOut.write(group);
        textOut.writeInt(document.text().length);
        textOut.write(document.text());
        indexOut.writeShort(document.source());
        indexOut.writeBoolean(document.heldOut());
        indexOut.writeInt(document.text().length);
        if (signatureLength > 0) {
            MinHash.Signature signature = keyed.signature();
            signatureOut.write(signature == null ? none : signature.bytes());
        }
        if (documents == Integer.MAX_VALUE - 8) {
            throw new IOException("more than 2^31 documents; prepare them in several parts");
        }
        return documents++;
    }

    int documents() {
        return documents;
    }

    /** Brings everything to its file; documents are read from now on. */
    void finish() throws IOException {
        textOut.close();
        signatureOut.close();
        indexOut.close();
    }

    /** The file of the signatures. */
    Path signatures() {
        return signatures;
    }

    /** Hears of the size of each document. */
    interface Sizes {
        void size(int document, int source, boolean heldOut, int bytes);
    }

    /** Gives what is known without the texts, in order. */
    void forEachSize(Sizes action) throws IOException {
        try (DataInputStream in =
                new DataInputStream(new BufferedInputStream(Files.newInputStream(index), BUFFER))) {
            for (int document = 0; document < documents; document++) {
                action.size(document, in.readUnsignedShort(), in.readBoolean(), in.readInt());
            }
        }
    }

    /** Hears of each document. */
    interface Reader {
        void read(int document, Spooled spooled) throws IOException;
    }

    /** Gives every document, in order. */
    void forEach(Reader reader) throws IOException {
        try (DataInputStream in =
                new DataInputStream(new BufferedInputStream(Files.newInputStream(texts), BUFFER))) {
            for (int document = 0; document < documents; document++) {
                int source = in.readUnsignedShort();
                boolean heldOut = in.readBoolean();
                String language = in.readUTF();
                String group = new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
                byte[] text = in.readNBytes(in.readInt());
                reader.read(document, new Spooled(source, heldOut, language, group, text));
            }
        }
    }

    /**
     * Takes the disk's room for a file that is mapped then; a mapped write would end the program.
     */
    static void reserve(FileChannel channel, long bytes) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocate(1 << 16);
        long left = bytes;
        while (left > 0) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), left));
            left -= channel.write(zeros);
        }
    }

    @Override
    public void close() throws IOException {
        textOut.close();
        signatureOut.close();
        indexOut.close();
    }
}
