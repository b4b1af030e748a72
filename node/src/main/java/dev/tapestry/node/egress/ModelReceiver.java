package dev.tapestry.node.egress;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.protocol.ModelUpdate;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
    private final Streams streams;
    private final Runnable progress;
    private final Disk disk;
    private final Compression compression;

    /** How much a disk can still take. */
    @FunctionalInterface
    public interface Disk {
        /** The bytes left for files in {@code folder}. */
        long room(Path folder) throws IOException;

        /** What the operating system says. */
        static Disk real() {
            return folder -> Files.getFileStore(folder).getUsableSpace();
        }
    }

    /** A part that is not here, and its place. */
    private record Gap(FileChannel file, long offset, ModelManifest.Part part) {}

    /**
     * Keeps models in {@code models}.
     *
     * @param streams parts under way at once, at most
     * @param progress called after each part
     */
    public ModelReceiver(CoordinatorClient client, Path models, int streams, Runnable progress) {
        this(client, models, streams, progress, Disk.real());
    }

    /** The same on a disk of one's own. */
    public ModelReceiver(
            CoordinatorClient client, Path models, int streams, Runnable progress, Disk disk) {
        this.client = client;
        this.models = models;
        this.streams = new Streams(client.gate(), streams);
        this.progress = progress;
        this.disk = disk;
        this.compression = new Compression(client.gate());
    }

    /**
     * The directory of the model, fetched unless it is here.
     *
     * @throws NodeException {@code COORDINATOR_REFUSED}, {@code DIGEST_MISMATCH}; {@code STORAGE},
     *     also when what is missing does not fit on the disk
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
            fetch(manifest.files(), draft);
            dropOthers(manifest, draft);
            Drafts.syncFolder(draft);
            Drafts.publish(draft, target);
            return target;
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot keep model " + digest + ": " + e, e);
        }
    }

    /** How many parts were under way at once in the latest transfer. */
    public int streams() {
        return streams.latest();
    }

    /**
     * How to make a model of the base before it, as the coordinator says; empty if it has no update
     * for it.
     */
    public Optional<ModelUpdate> update(Digest model) {
        return switch (client.update(model)) {
            case Reply.Given<ModelUpdate>(ModelUpdate update) -> Optional.of(update);
            case Reply.Denied<ModelUpdate> _ -> Optional.empty();
        };
    }

    /**
     * Fetches one file into a folder that exists; what is there of it is kept.
     *
     * @throws NodeException as {@link #receive(Digest)} does
     */
    public void receive(ModelManifest.File file, Path folder) {
        try {
            fetch(List.of(file), folder);
        } catch (IOException e) {
            throw new NodeException(
                    Code.STORAGE, "cannot keep " + folder.resolve(file.path()) + ": " + e, e);
        }
    }

    private void fetch(List<ModelManifest.File> files, Path folder) throws IOException {
        List<FileChannel> open = new ArrayList<>();
        try {
            List<Gap> missing = new ArrayList<>();
            for (ModelManifest.File file : files) {
                FileChannel channel = prepared(folder.resolve(file.path()), file.bytes());
                open.add(channel);
                missing.addAll(missing(channel, file));
            }
            requireRoom(missing);
            streams.run(missing.stream().<Runnable>map(gap -> () -> fetch(gap)).toList());
            for (FileChannel channel : open) {
                channel.force(true);
            }
        } finally {
            for (FileChannel channel : open) {
                channel.close();
            }
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

    private static List<Gap> missing(FileChannel channel, ModelManifest.File file)
            throws IOException {
        List<Gap> missing = new ArrayList<>();
        long offset = 0;
        for (ModelManifest.Part part : file.parts()) {
            if (!holds(channel, offset, part)) {
                missing.add(new Gap(channel, offset, part));
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

    private void fetch(Gap gap) {
        ModelManifest.Part part = gap.part();
        Message message = Message.fetch(part.digest(), compression.wanted());
        Answer answer =
                client.gate().send(message, new ReplySink.Place(gap.file(), gap.offset(), part));
        if (answer instanceof Answer.Refused(int status, String code, String detail)) {
            throw new NodeException(
                    Code.COORDINATOR_REFUSED,
                    "part %s: %d %s: %s"
                            .formatted(part.digest().abbreviated(), status, code, detail));
        }
        progress.run();
    }

    /**
     * Manifest and parts were checked against their digests as they came; what is left to see to is
     * that nothing else lies there.
     */
    private static void dropOthers(ModelManifest manifest, Path draft) throws IOException {
        List<String> listed = manifest.files().stream().map(ModelManifest.File::path).toList();
        try (Stream<Path> files = Files.list(draft)) {
            for (Path file : files.toList()) {
                if (!listed.contains(file.getFileName().toString())) {
                    Files.delete(file);
                }
            }
        }
    }

    private void requireRoom(List<Gap> missing) throws IOException {
        long bytes = missing.stream().mapToLong(gap -> gap.part().bytes()).sum();
        long room = disk.room(models);
        if (room < bytes) {
            throw new NodeException(
                    Code.STORAGE,
                    "the %,d bytes of a model that are missing do not fit into the %,d bytes left in %s; free some, or lower keep-bases in node.yaml"
                            .formatted(bytes, room, models));
        }
    }
}
