package dev.tapestry.app.demo;

import dev.tapestry.app.demo.DemoException.Code;
import dev.tapestry.node.NodeHome;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;

/**
 * Where the demo works. {@code demo.json} says which settings made what lies here: with the same
 * settings a demo goes on where it was, to its end; nothing is deleted for another one.
 *
 * @param root the directory
 */
public record DemoDirectory(Path root) {

    private static final String LOCK = "demo.lock";

    /** What is written about a demo. */
    record State(DemoSettings settings, boolean runStarted, int port) {}

    Path corpus(DemoMember member) {
        return root.resolve("corpora").resolve(member.id().value());
    }

    Path base() {
        return root.resolve("base");
    }

    Path coordinator() {
        return root.resolve("coordinator");
    }

    NodeHome node(DemoMember member) {
        return new NodeHome(root.resolve("nodes").resolve(member.id().value()));
    }

    Path central() {
        return root.resolve("central");
    }

    Path log(String program) {
        return root.resolve("logs").resolve(program + ".log");
    }

    Path job(String name) {
        return root.resolve("jobs").resolve(name + ".json");
    }

    Path result(String name) {
        return root.resolve("jobs").resolve(name + ".result.json");
    }

    Path seconds() {
        return root.resolve("seconds");
    }

    Path report() {
        return root.resolve("report.html");
    }

    /**
     * Keeps other demos out until the channel is closed, or this process has ended.
     *
     * @throws DemoException {@code DIRECTORY}: another demo works here
     */
    FileChannel reserve() {
        try {
            Files.createDirectories(root);
            FileChannel channel =
                    FileChannel.open(
                            root.resolve(LOCK),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
            if (!isLocked(channel)) {
                channel.close();
                throw new DemoException(
                        Code.DIRECTORY,
                        "another demo works in "
                                + root
                                + "; wait for its end, or choose another with --dir");
            }
            return channel;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot use " + root, e);
        }
    }

    private static boolean isLocked(FileChannel channel) throws IOException {
        try {
            return channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            return false; // this process itself runs it
        }
    }

    /**
     * Prepares the directory: what a demo with these settings left there stays.
     *
     * @return the state to go on from
     * @throws DemoException {@code DIRECTORY}: it holds a demo with other settings, or something
     *     else
     */
    State prepare(DemoSettings settings, int freePort) {
        try {
            if (Files.exists(stateFile())) {
                State before = CanonicalJson.read(Files.readAllBytes(stateFile()), State.class);
                if (!before.settings().equals(settings)) {
                    throw new DemoException(
                            Code.DIRECTORY,
                            root
                                    + " holds a demo with other settings; delete it, or choose another with --dir");
                }
                makeFolders();
                return before;
            } else if (Files.isDirectory(root) && !isEmpty(root)) {
                throw new DemoException(
                        Code.DIRECTORY,
                        root + " is neither empty nor an earlier demo; choose another with --dir");
            }
            Files.createDirectories(root);
            State fresh = new State(settings, false, freePort);
            write(fresh);
            makeFolders();
            return fresh;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot use " + root, e);
        }
    }

    private void makeFolders() throws IOException {
        Files.createDirectories(root.resolve("logs"));
        Files.createDirectories(root.resolve("jobs"));
    }

    /** The settings of the demo that works here. */
    DemoSettings settings() {
        try {
            return CanonicalJson.read(Files.readAllBytes(stateFile()), State.class).settings();
        } catch (IOException e) {
            throw new UncheckedIOException("there is no demo in " + root, e);
        }
    }

    void write(State state) {
        SafeFile.write(stateFile(), CanonicalJson.write(state));
    }

    private Path stateFile() {
        return root.resolve("demo.json");
    }

    private static boolean isEmpty(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.allMatch(entry -> entry.endsWith(LOCK));
        }
    }

    /** Deletes a tree of files, if it is there. */
    static void delete(Path tree) {
        try {
            Drafts.delete(tree);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete " + tree, e);
        }
    }
}
