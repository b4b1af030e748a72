package dev.tapestry.consortium;

import java.util.AbstractSet;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Digests that every state holds and that grow with the log: a trie by hexadecimal digits, so that
 * a set with one more shares all of the other but a path of at most 64 forks, on average log₁₆ of
 * the size. A copied set would make the replay of a log quadratic in its length.
 *
 * <p>Immutable.
 */
final class DigestSet extends AbstractSet<Digest> {

    private static final int DIGITS = 16;
    private static final DigestSet EMPTY = new DigestSet(new Nothing(), 0);

    private final Node root;
    private final int size;

    private sealed interface Node {}

    private record Nothing() implements Node {}

    private record One(Digest digest) implements Node {}

    /** The digests under each next digit. */
    private record Fork(List<Node> branches) implements Node {

        static final Fork EMPTY = new Fork(Collections.nCopies(DIGITS, new Nothing()));

        Node branch(Digest digest, int depth) {
            return branches.get(digit(digest, depth));
        }

        Fork with(Digest digest, int depth, Node branch) {
            int place = digit(digest, depth);
            return new Fork(
                    IntStream.range(0, DIGITS)
                            .mapToObj(i -> i == place ? branch : branches.get(i))
                            .toList());
        }
    }

    private DigestSet(Node root, int size) {
        this.root = root;
        this.size = size;
    }

    static DigestSet empty() {
        return EMPTY;
    }

    /** The same digests; {@code digests} itself if it is such a set already. */
    static DigestSet of(Set<Digest> digests) {
        if (digests instanceof DigestSet same) {
            return same;
        }
        DigestSet set = EMPTY;
        for (Digest digest : digests) {
            set = set.with(digest);
        }
        return set;
    }

    /** These digests and this one. */
    DigestSet with(Digest digest) {
        return contains(digest) ? this : new DigestSet(with(root, digest, 0), size + 1);
    }

    /** These digests except this one. */
    DigestSet without(Digest digest) {
        return contains(digest) ? new DigestSet(without(root, digest, 0), size - 1) : this;
    }

    private static Node with(Node node, Digest digest, int depth) {
        return switch (node) {
            case Nothing _ -> new One(digest);
            case One(Digest other) -> {
                Fork fork = Fork.EMPTY.with(other, depth, node);
                yield fork.with(digest, depth, with(fork.branch(digest, depth), digest, depth + 1));
            }
            case Fork fork ->
                    fork.with(digest, depth, with(fork.branch(digest, depth), digest, depth + 1));
        };
    }

    private static Node without(Node node, Digest digest, int depth) {
        return switch (node) {
            case Nothing nothing -> nothing;
            case One _ -> new Nothing();
            case Fork fork ->
                    fork.with(
                            digest, depth, without(fork.branch(digest, depth), digest, depth + 1));
        };
    }

    @Override
    public boolean contains(@Nullable Object object) {
        if (!(object instanceof Digest digest)) {
            return false;
        }
        Node node = root;
        for (int depth = 0; node instanceof Fork fork; depth++) {
            node = fork.branch(digest, depth);
        }
        return node instanceof One(Digest found) && found.equals(digest);
    }

    @Override
    public Iterator<Digest> iterator() {
        return digests(root).iterator();
    }

    @Override
    public int size() {
        return size;
    }

    private static Stream<Digest> digests(Node node) {
        return switch (node) {
            case Nothing _ -> Stream.empty();
            case One(Digest digest) -> Stream.of(digest);
            case Fork(List<Node> branches) -> branches.stream().flatMap(DigestSet::digests);
        };
    }

    private static int digit(Digest digest, int depth) {
        return Character.digit(digest.hex().charAt(depth), DIGITS);
    }
}
