package dev.tapestry.node.trainer;

import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What an embedded trainer was after its latest rounds: {@code after-round-N.safetensors}.
 *
 * @param folder need not exist
 */
record TrainerStates(Path folder) {

    private static final String PREFIX = "after-round-";
    private static final String SUFFIX = ".safetensors";
    private static final int KEPT = 2;

    /** The state's file, whether it exists or not. */
    Path after(int round) {
        return folder.resolve(PREFIX + round + SUFFIX);
    }

    /** Whether this round's state is here. */
    boolean has(int round) {
        return kept().contains(round);
    }

    /** The latest round before {@code round} whose state is here. */
    Optional<Integer> latestBefore(RoundNumber round) {
        return kept().stream().filter(n -> n < round.value()).max(Integer::compare);
    }

    /** Deletes all before {@code round} but the latest. */
    void dropOlderThan(RoundNumber round) {
        List<Integer> all = kept();
        try {
            for (int old : all.subList(0, Math.max(0, all.size() - KEPT))) {
                if (old < round.value()) {
                    Files.delete(after(old));
                }
            }
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot clear " + folder + ": " + e, e);
        }
    }

    /** The rounds after which a state was kept, in order. */
    private List<Integer> kept() {
        try {
            Files.createDirectories(folder);
            try (Stream<Path> files = Files.list(folder)) {
                return files.map(file -> file.getFileName().toString())
                        .filter(name -> name.matches(PREFIX + "[0-9]{1,9}\\.safetensors"))
                        .map(name ->
                                name.substring(PREFIX.length(), name.length() - SUFFIX.length()))
                        .map(Integer::valueOf)
                        .sorted()
                        .toList();
            }
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read " + folder + ": " + e, e);
        }
    }
}
