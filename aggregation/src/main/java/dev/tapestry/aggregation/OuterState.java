package dev.tapestry.aggregation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.OuterOptimizer;
import dev.tapestry.weights.PartSums;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;

/**
 * What is kept between two merges: by the outer optimiser, as far as its rule keeps anything, and
 * the update of the merge before where the order asks for it:
 *
 * <pre>
 * first-moment/       b or m, laid out as the base, all F32
 * second-moment/      v, likewise
 * previous-update/    Δ of the merge before, likewise
 * gathered-updates/   Σ Δ since the momentum last turned, likewise
 * kept-update/        Δ of the merge before under a rule that does not ask for it, likewise
 * measured            one line: "cosine" and ρ̂ as a hexadecimal float
 * gathered            one line: "merges" and how many are gathered
 * parts               the lines that the digest is of, see {@link StateParts}
 * </pre>
 *
 * @param directory where it is
 * @param digest SHA-256 over one line per file but the last, in the order above and within a
 *     directory by name: the path and the SHA-256 of each part, separated by spaces and ended by LF
 */
public record OuterState(Path directory, Digest digest) {

    /** The state of this digest among those that merges left in {@code folder}. */
    public static OuterState in(Path folder, Digest digest) {
        return new OuterState(folder.resolve("outer-state-" + digest), digest);
    }

    /**
     * Whether the directory still holds what the digest says, and nothing else of itself; reads all
     * of it.
     */
    public boolean isIntact() {
        StateParts found = StateParts.of(directory, new PartSums());
        return found.digest().equals(digest) && found.areWhatIsNoted(directory);
    }

    /**
     * The same by checksums as far as they are known: what a disk has changed is found, what
     * somebody has changed on purpose may not be.
     */
    public boolean isIntact(PartSums sums) {
        return StateParts.of(directory, sums).digest().equals(digest);
    }

    /**
     * Whether it holds what {@code rule} keeps, and nothing else but the update that a merge may
     * keep for figures; a state that another kind of rule left does not, nor one in which more
     * updates are gathered than the rule gathers.
     */
    public boolean fits(MergeRule rule) {
        Set<Buffer> own = buffers();
        own.remove(Buffer.KEPT_UPDATE);
        return own.equals(Buffer.of(rule))
                && (!(rule.outer() instanceof OuterOptimizer.DelayedNesterov delayed)
                        || notes().gathered().orElse(Integer.MAX_VALUE) < delayed.merges());
    }

    Set<Buffer> buffers() {
        Set<Buffer> found = EnumSet.noneOf(Buffer.class);
        for (Buffer buffer : Buffer.values()) {
            if (Files.isDirectory(directory.resolve(buffer.folder()))) {
                found.add(buffer);
            }
        }
        return found;
    }

    /** The numbers beside the buffers. */
    StateNotes notes() {
        return StateNotes.in(directory);
    }
}
