package dev.tapestry.node.box;

import dev.tapestry.consortium.Digest;
import java.util.regex.Pattern;

/**
 * What one side puts into an object store; nobody else writes there.
 *
 * <pre>
 *   HALF.json        a {@link BoxInventory}: which files, by name, length and digest; put last
 *   HALF/DIGEST      the files
 * </pre>
 */
enum BoxHalf {
    /** What the gateway asks for, and says of what came back. */
    ORDERS(
            "orders",
            "(box|plan|job|score|answer)\\.json|(base|candidate|correction|corpus)/[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"),
    /** What compute has done. */
    RESULTS(
            "results",
            "(job|done|scored)\\.json|results\\.sha256|metrics\\.jsonl|(model|gradient)(-[A-Za-z0-9._-]{1,100})?\\.safetensors");

    private final String stem;
    private final Pattern names;

    BoxHalf(String stem, String names) {
        this.stem = stem;
        this.names = Pattern.compile(names);
    }

    /** The name of the inventory. */
    String inventory() {
        return stem + ".json";
    }

    /** What the names of all files begin with. */
    String folder() {
        return stem + "/";
    }

    /** The name of a file there. */
    String object(Digest digest) {
        return folder() + digest;
    }

    /** Whether a name in the store is one that this half gives to a file. */
    boolean isObject(String name) {
        return name.matches(folder() + "[0-9a-f]{64}");
    }

    /** Whether a file of this name, below the box, belongs to this half. */
    boolean has(String name) {
        return names.matcher(name).matches();
    }
}
