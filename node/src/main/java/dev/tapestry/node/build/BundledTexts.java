package dev.tapestry.node.build;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.nio.file.Path;

/** Open texts that come with the program, by name. */
@FunctionalInterface
public interface BundledTexts {

    /**
     * Lays a text, with its card, into a directory; leaves it as it is where that is there already.
     *
     * @throws NodeException {@code CONFIG_INVALID} if there is none of that name, with the names
     *     that there are; {@code STORAGE}
     */
    void lay(String name, Path directory);

    /** A program that comes with none. */
    static BundledTexts none() {
        return (name, _) -> {
            throw new NodeException(
                    Code.CONFIG_INVALID,
                    "bundled: this program comes with no text '%s'".formatted(name));
        };
    }
}
