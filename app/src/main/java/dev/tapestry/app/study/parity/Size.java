package dev.tapestry.app.study.parity;

import dev.tapestry.app.demo.DemoBase;
import dev.tapestry.training.Device;
import dev.tapestry.training.LlamaConfig;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.function.Consumer;

/** How large the model is that an arm trains; all have the open base's tokenizer. */
public enum Size {
    /** The open base in the repository. */
    ONE_MILLION,
    /**
     * About ten million parameters; its base is made from the same open slice, where it is needed.
     */
    TEN_MILLION;

    /** Tokens that the larger base is trained on. */
    private static final long TOKENS = 12_000_000;

    /** The model's shape. */
    LlamaConfig config() {
        return switch (this) {
            case ONE_MILLION -> DemoBase.config();
            case TEN_MILLION -> DemoBase.config(384, 1024, 6, 6, 2);
        };
    }

    /**
     * The directory of the base that is adopted; made once for all processes that share {@code
     * work}.
     *
     * @param shipped the open base in the repository
     * @param device to train a base on that is not there yet
     */
    Path base(Path shipped, Path work, int threads, Device device, Consumer<String> say)
            throws IOException {
        if (this == ONE_MILLION) {
            return shipped;
        }
        String name = "base-" + name().toLowerCase(Locale.ROOT).replace('_', '-');
        Path base = work.resolve(name);
        try (FileChannel channel =
                        FileChannel.open(
                                work.resolve("." + name),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                FileLock _ = channel.lock()) {
            if (!Files.exists(base)) {
                say.accept("training " + name);
                Path draft = Files.createTempDirectory(work, name + "-draft-");
                try {
                    Path model = draft.resolve("model");
                    DemoBase.make(model, draft, config(), TOKENS, threads, device, say);
                    Files.move(model, base);
                } finally {
                    Drafts.delete(draft);
                }
            }
        }
        return base;
    }
}
