package dev.tapestry.node.box;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * {@code orders.json} or {@code results.json} in an object store: which files one side has put
 * there. What it does not list is not there yet, or no longer meant.
 *
 * @param protocol version of the contract
 * @param work what is to be done, or was done; empty where nothing is
 * @param files in the order of their names
 */
record BoxInventory(int protocol, @LeftOutWhenEmpty Optional<String> work, List<Item> files) {

    /** A model of 2,000 shards and its candidate have half of that. */
    static final int MOST_BYTES = 1 << 20;

    /**
     * A file.
     *
     * @param name below the box
     * @param bytes its length
     */
    record Item(String name, Digest digest, long bytes) {
        Item {
            if (bytes < 0) {
                throw new IllegalArgumentException(name + " has less than no bytes");
            }
        }
    }

    BoxInventory {
        files = List.copyOf(files);
    }

    /**
     * Reads what may be anybody's.
     *
     * @param where it was found, for people
     * @throws NodeException {@code BOX_DAMAGED}
     */
    static BoxInventory read(byte[] bytes, BoxHalf half, String where) {
        BoxInventory found;
        try {
            found = CanonicalJson.read(bytes, BoxInventory.class);
        } catch (TrustException e) {
            throw damaged(where, String.valueOf(e.getMessage()));
        }
        if (found.protocol != Protocol.VERSION) {
            throw damaged(
                    where,
                    "it is of protocol %d, this program speaks %d: upgrade the older one"
                            .formatted(found.protocol, Protocol.VERSION));
        }
        Set<String> names = new HashSet<>();
        for (Item file : found.files) {
            if (!half.has(file.name) || !names.add(file.name)) {
                throw damaged(where, "'%s' has no place in it".formatted(file.name));
            }
        }
        return found;
    }

    Optional<Item> file(String name) {
        return files.stream().filter(file -> file.name.equals(name)).findFirst();
    }

    byte[] bytes() {
        return CanonicalJson.write(this);
    }

    private static NodeException damaged(String where, String why) {
        return new NodeException(
                Code.BOX_DAMAGED,
                "%s is not what one side of a carried round puts there: %s; delete it there, and let that side begin anew"
                        .formatted(where, why));
    }
}
