package dev.tapestry.coordinator;

import dev.tapestry.consortium.Digest;
import dev.tapestry.coordinator.CoordinatorException.Code;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * What members signed for their contributions, by the digest that the log names: it is kept for
 * auditors when the weights go.
 */
final class EnvelopeShelf {

    private static final System.Logger LOG = System.getLogger(EnvelopeShelf.class.getName());
    private static final String SUFFIX = ".json";

    private final Path contributions;
    private final Path shelf;
    private final SharedFiles shared;

    EnvelopeShelf(Path contributions, Path shelf, SharedFiles shared) {
        this.contributions = contributions;
        this.shelf = shelf;
        this.shared = shared;
    }

    EnvelopeShelf(CoordinatorDirectory directory, SharedFiles shared) {
        this(directory.contributions(), directory.envelopes(), shared);
    }

    /** All that there are, fetched where they are not here. */
    SortedMap<String, Path> all() {
        fetchAll();
        SortedMap<String, Path> all = new TreeMap<>();
        FileTrees.list(contributions).stream()
                .flatMap(round -> ofRound(round).stream())
                .forEach(file -> all.put(digest(file), file));
        for (Path file : FileTrees.list(shelf)) {
            String name = file.getFileName().toString();
            if (name.matches("[0-9a-f]{64}\\.json")) {
                all.putIfAbsent(name.substring(0, name.indexOf('.')), file);
            }
        }
        return all;
    }

    /** Puts onto the shelf what the store has, also of contributions whose files are not here. */
    void fetchAll() {
        shared.fetchAll(shelf);
        fetch(_ -> true);
    }

    /** Puts the envelopes of rounds onto the shelf, wherever the contributions are. */
    void keep(Predicate<String> rounds) {
        for (Path round : FileTrees.list(contributions)) {
            if (rounds.test(round.getFileName().toString())) {
                ofRound(round).forEach(this::keep);
            }
        }
        fetch(rounds);
        if (Files.exists(shelf)) {
            shared.keep(shelf);
        }
    }

    private void keep(Path envelope) {
        FileTrees.create(shelf);
        FileTrees.linkOrCopy(envelope, shelf.resolve(digest(envelope) + SUFFIX));
    }

    /** Those that only the store has. */
    private void fetch(Predicate<String> rounds) {
        for (String name : shared.within(contributions)) {
            String[] parts = name.split("/", -1); // ROUND/MEMBER/DIGEST/FILE
            if (parts.length == 4
                    && parts[3].equals(ContributionStore.ENVELOPE)
                    && rounds.test(parts[0])) {
                fetch(contributions.resolve(name), new Digest(parts[2]));
            }
        }
    }

    /** One that was damaged there is not kept, and keeps nobody from going on. */
    private void fetch(Path there, Digest envelope) {
        try {
            shared.fetch(
                    there,
                    shelf.resolve(envelope.hex() + SUFFIX),
                    draft -> requireDigest(draft, envelope));
        } catch (CoordinatorException e) {
            if (e.code() != Code.MODEL) {
                throw e;
            }
            LOG.log(System.Logger.Level.WARNING, e.getMessage());
        }
    }

    private static void requireDigest(Path draft, Digest envelope) {
        if (!ResidualStore.digest(draft).equals(envelope)) {
            throw new CoordinatorException(
                    Code.MODEL,
                    "the signed manifest %s is damaged in the store, restore it from a backup"
                            .formatted(envelope));
        }
    }

    private static List<Path> ofRound(Path round) {
        return FileTrees.list(round).stream()
                .flatMap(member -> FileTrees.list(member).stream())
                .map(folder -> folder.resolve(ContributionStore.ENVELOPE))
                .filter(Files::exists)
                .toList();
    }

    private static String digest(Path envelope) {
        return envelope.resolveSibling(".").normalize().getFileName().toString();
    }
}
