package dev.tapestry.node.egress;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Fetches models, several parts at a time, each written to its place while it is digested.
 *
 * <p>A model grows in a hidden directory and takes its name when it is whole and on the disk. What
 * is already in the hidden directory, from a run that was cut off, is checked and kept.
 */
public final class ModelReceiver {

    private static final int BUFFER_BYTES = 1 << 20;

    private final CoordinatorClient client;
    private final Path models;
    private final int streams;
    private final Runnable progress;

    /**
     * Keeps models in {@code models}.
     *
     * @param streams parts under way at once
     * @param progress called after each part
     */
    public ModelReceiver(CoordinatorClient client, Path models, int streams, Runnable progress) {
        this.client = client;
        this.models = models;
        this.streams = streams;
        this.progress = progress;
    }

    /**
     * The directory of the model, fetched unless it is here.
     *
     * @throws NodeException {@code COORDINATOR_REFUSED}, {@code DIGEST_MISMATCH}, {@code STORAGE}
     */
    public Path receive(Digest digest) {
        Path target = models.resolve(digest.hex());
        if (Files.isDirectory(target)) {
            return target;
        }
        ModelManifest manifest = client.model(digest);
        Path draft = models.resolve("." + digest.hex() + ".partial");
        try {
            Files.createDirectories(draft);
            requireRoom(manifest);
            List<FileChannel> open = new ArrayList<>();
            try {
                List<Runnable> missing = new ArrayList<>();
                for (ModelManifest.File file : manifest.files()) {
                    FileChannel channel = prepared(draft.resolve(file.path()), file.bytes());
                    open.add(channel);
                    missing.addAll(missing(channel, file));
                }
                Streams.run(streams, missing);
                for (FileChannel channel : open) {
                    channel.force(true);
                }
            } finally {
                for (FileChannel channel : open) {
                    channel.close();
                }
            }
            require(manifest, draft, digest);
            Drafts.syncFolder(draft);
            Drafts.publish(draft, target);
            return target;
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot keep model " + digest + ": " + e, e);
        }
    }

    private static FileChannel prepared(Path file, long bytes) throws IOException {
        FileChannel channel =
                FileChannel.open(
                        file,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        if (channel.size() > bytes) {
            channel.truncate(bytes);
        }
        return channel;
    }

    private List<Runnable> missing(FileChannel channel, ModelManifest.File file)
            throws IOException {
        List<Runnable> missing = new ArrayList<>();
        long offset = 0;
        for (ModelManifest.Part part : file.parts()) {
            long at = offset;
            if (!holds(channel, at, part)) {
                missing.add(() -> fetch(channel, at, part));
            }
            offset += part.bytes();
        }
        return missing;
    }

    private static boolean holds(FileChannel channel, long offset, ModelManifest.Part part)
            throws IOException {
        if (channel.size() < offset + part.bytes()) {
            return false;
        }
        var sha = Digest.sha256();
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        for (long done = 0; done < part.bytes(); done += buffer.limit()) {
            buffer.clear().limit((int) Math.min(BUFFER_BYTES, part.bytes() - done));
            while (buffer.hasRemaining()) {
                if (channel.read(buffer, offset + done + buffer.position()) < 0) {
                    return false;
                }
            }
            sha.update(buffer.flip());
        }
        return Digest.ofHash(sha.digest()).equals(part.digest());
    }

    private void fetch(FileChannel channel, long offset, ModelManifest.Part part) {
        Message message = Message.ask(MessageKind.PART_DOWNLOAD, "/v1/parts/" + part.digest());
        Answer answer = client.gate().send(message, new ReplySink.Place(channel, offset, part));
        if (answer instanceof Answer.Refused(int status, String code, String detail)) {
            throw new NodeException(
                    Code.COORDINATOR_REFUSED,
                    "part %s: %d %s: %s"
                            .formatted(part.digest().abbreviated(), status, code, detail));
        }
        progress.run();
    }

    /**
     * Every part was digested as it came; what is left to check is that nothing else lies there.
     */
    private static void require(ModelManifest manifest, Path draft, Digest digest)
            throws IOException {
        List<String> listed = manifest.files().stream().map(ModelManifest.File::path).toList();
        try (Stream<Path> files = Files.list(draft)) {
            for (Path file : files.toList()) {
                if (!listed.contains(file.getFileName().toString())) {
                    Files.delete(file);
                }
            }
        }
        if (!CanonicalJson.digest(manifest).equals(digest)) {
            throw new NodeException(Code.DIGEST_MISMATCH, "not the manifest of " + digest);
        }
    }

    private void requireRoom(ModelManifest manifest) throws IOException {
        long room = Files.getFileStore(models).getUsableSpace();
        if (room < manifest.bytes()) {
            throw new NodeException(
                    Code.STORAGE,
                    "a model of %,d bytes does not fit into the %,d bytes left in %s"
                            .formatted(manifest.bytes(), room, models));
        }
    }
}
