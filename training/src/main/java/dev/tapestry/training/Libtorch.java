package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/** Libtorch: how it is loaded, and what it is asked for, with its failures named. */
final class Libtorch {

    /** Held by the process that unpacks; beside what is unpacked. */
    private static final String LOCK = ".tapestry.lock";

    private static boolean loaded;

    private Libtorch() {}

    /**
     * Loads libtorch, once; JavaCPP unpacks it on a machine's first use. To be called before
     * anything else of it is touched; {@link #does} calls it.
     *
     * <p>One process of the machine at a time does this, since a process that loads a library which
     * another is still unpacking dies of a bus error. All of a GPU build is unpacked before the
     * first library is loaded: JavaCPP loads each as soon as it is unpacked, and one whose needs
     * are not there yet is left out without a word.
     *
     * @throws TrainingException {@code ENGINE} if it cannot be unpacked or loaded
     */
    static synchronized void load() {
        if (!loaded) {
            load(torch.class);
            loaded = true;
        }
    }

    /**
     * Loads a part of libtorch that {@link #load()} does not.
     *
     * @param binding JavaCPP's class of that part
     * @throws TrainingException {@code ENGINE} if it cannot be unpacked or loaded
     */
    static synchronized void load(Class<?> binding) {
        try (FileChannel channel = lockFile();
                FileLock _ = channel.lock()) {
            Loader.cacheResources(
                    Libtorch.class, "/org/bytedeco/pytorch/" + Loader.getPlatform() + "-gpu");
            Loader.load(binding);
        } catch (IOException | LinkageError e) {
            throw new TrainingException(
                    Code.ENGINE,
                    "libtorch cannot be unpacked or loaded: %s; JavaCPP unpacks it to ~/.javacpp/cache or where -Dorg.bytedeco.javacpp.cachedir says, and needs 600 MB there"
                            .formatted(e.getMessage()),
                    e);
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
