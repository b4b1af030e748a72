package dev.tapestry.node;

/**
 * Hears what a node does; called from the node's threads, at times from two at once, and soon to
 * return.
 */
@FunctionalInterface
public interface NodeProgress {

    /** Something happened. */
    void on(NodeUpdate update);

    /** Hears everything twice. */
    default NodeProgress and(NodeProgress other) {
        return update -> {
            on(update);
            other.on(update);
        };
    }

    /** Hears nothing. */
    static NodeProgress silent() {
        return update -> {};
    }
}
