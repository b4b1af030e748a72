package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/** Libtorch: how it is loaded, and what it is asked for, with its failures named. */
final class Libtorch {

    private static final System.Logger LOG = System.getLogger(Libtorch.class.getName());

    /** Held by the process that unpacks and loads; beside what is unpacked. */
    private static final String LOCK = ".tapestry.lock";

    /** What is unpacked, in the order of their needs. */
    private static final List<String> PARTS = List.of("javacpp", "openblas", "pytorch");

    private static final Set<Class<?>> LOADED = new HashSet<>();

    private Libtorch() {}

    /**
     * Loads libtorch, once; JavaCPP unpacks it on a machine's first use. To be called before
     * anything else of it is touched; {@link #does} calls it.
     *
     * <p>One process of the machine at a time does this, since a process that loads a library which
     * another is still unpacking dies of a bus error. All is unpacked before the first library is
     * loaded: JavaCPP loads each as soon as it is unpacked, and where one's needs are not there yet
     * it is left out without a word (the GPU build's), or the next one brings the process down
     * (libtorch_cpu on a machine with a CUDA toolkit).
     *
     * @throws LinkageError if it cannot be unpacked or does not run here
     */
    static void load() {
        load(torch.class);
    }

    /**
     * Loads a part of libtorch, and what it needs.
     *
     * @param binding JavaCPP's class of that part
     * @throws LinkageError if it cannot be unpacked or does not run here
     */
    static synchronized void load(Class<?> binding) {
        if (LOADED.contains(binding)) {
            return;
        }
        try {
            // By a thread that nobody interrupts: that would end its wait for another process.
            CompletableFuture.runAsync(
                            () -> unpackAndLoad(binding),
                            task -> Thread.ofPlatform().name("libtorch").start(task))
                    .join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case Error error -> throw error;
                case RuntimeException other -> throw other;
                case null, default -> throw e;
            }
        }
        LOADED.add(binding);
    }

    private static void unpackAndLoad(Class<?> binding) {
        try {
            Path cache = Loader.getCacheDir().toPath();
            try (FileChannel channel =
                            FileChannel.open(
                                    cache.resolve(LOCK),
                                    StandardOpenOption.CREATE,
                                    StandardOpenOption.WRITE);
                    FileLock _ = locked(channel)) {
                for (String part : PARTS) {
                    for (String extension : List.of("", "-gpu")) {
                        Loader.cacheResources(
                                Libtorch.class,
                                "/org/bytedeco/" + part + "/" + Loader.getPlatform() + extension);
                    }
                }
                Loader.load(binding);
            }
        } catch (IOException e) {
            LinkageError error =
                    new LinkageError(
                            "libtorch cannot be unpacked (%s): make room in ~/.javacpp/cache, 0.5 GB or 3 GB with a GPU, or name another place, such as TAPESTRY_JAVA_OPTS=-Dorg.bytedeco.javacpp.cachedir=/data/javacpp"
                                    .formatted(e.getMessage()));
            error.initCause(e);
            throw error;
        }
    }

    private static FileLock locked(FileChannel channel) throws IOException {
        FileLock lock = channel.tryLock();
        if (lock == null) {
            LOG.log(Level.INFO, "another process unpacks or loads libtorch; waiting for it");
            lock = channel.lock();
        }
        return lock;
    }

    /**
     * Does {@code work}.
     *
     * @param doing what it is, for the message
     * @throws TrainingException {@code ENGINE} with the first line of what libtorch says, if it
     *     fails; what the work itself throws otherwise
     * @throws LinkageError as {@link #load()}
     */
    static <T> T does(String doing, Supplier<T> work) {
        return does(doing, "", work);
    }

    /** The same with what to do if it fails, to be said after the reason. */
    static <T> T does(String doing, String advice, Supplier<T> work) {
        load();
        try {
            return work.get();
        } catch (RuntimeException e) {
            // JavaCPP makes one of these of every C++ exception; our own are of other classes.
            if (e.getClass() != RuntimeException.class) {
                throw e;
            }
            String said = String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason");
            throw new TrainingException(
                    Code.ENGINE, "%s: libtorch failed: %s%s".formatted(doing, said, advice), e);
        }
    }
}
