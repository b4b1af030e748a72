package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/** Libtorch: how it is loaded, and what it is asked for, with its failures named. */
final class Libtorch {

    /** Held by the process that unpacks; beside what is unpacked. */
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
     * @throws TrainingException {@code ENGINE} if it cannot be unpacked or loaded
     */
    static void load() {
        load(torch.class);
    }

    /**
     * Loads a part of libtorch, and what it needs.
     *
     * @param binding JavaCPP's class of that part
     * @throws TrainingException {@code ENGINE} if it cannot be unpacked or loaded
     */
    static synchronized void load(Class<?> binding) {
        if (!LOADED.contains(binding)) {
            // By a thread that nobody interrupts: that would end its wait for another process.
            Optional<TrainingException> failure =
                    CompletableFuture.supplyAsync(
                                    () -> failureToLoad(binding),
                                    task -> Thread.ofPlatform().name("libtorch").start(task))
                            .join();
            if (failure.isPresent()) {
                throw failure.get();
            }
            LOADED.add(binding);
        }
    }

    private static Optional<TrainingException> failureToLoad(Class<?> binding) {
        try (FileChannel channel = lockFile();
                FileLock _ = channel.lock()) {
            for (String part : PARTS) {
                for (String extension : List.of("", "-gpu")) {
                    Loader.cacheResources(
                            Libtorch.class,
                            "/org/bytedeco/" + part + "/" + Loader.getPlatform() + extension);
                }
            }
            Loader.load(binding);
            return Optional.empty();
        } catch (IOException | LinkageError e) {
            return Optional.of(
                    new TrainingException(
                            Code.ENGINE,
                            "libtorch cannot be unpacked or loaded: %s; JavaCPP unpacks it to ~/.javacpp/cache or where -Dorg.bytedeco.javacpp.cachedir says, and needs 600 MB there"
                                    .formatted(e.getMessage()),
                            e));
        }
    }

    private static FileChannel lockFile() throws IOException {
        Path cache = Loader.getCacheDir().toPath();
        return FileChannel.open(
                cache.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    /**
     * Does {@code work}.
     *
     * @param doing what it is, for the message
     * @throws TrainingException {@code ENGINE} with the first line of what libtorch says, if it
     *     fails or cannot be loaded; what the work itself throws otherwise
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
