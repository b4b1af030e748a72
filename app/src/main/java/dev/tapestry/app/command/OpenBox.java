package dev.tapestry.app.command;

import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.box.BoxLink;
import dev.tapestry.node.box.ComputeBox;
import dev.tapestry.node.box.DropBox;
import dev.tapestry.node.box.GatewayBox;

/**
 * A box that a command works with, and the place where both sides meet.
 *
 * @param box here
 * @param link keeps it and that place alike
 * @param telling tells the other side of steps
 * @param closing ends it
 */
record OpenBox(DropBox box, BoxLink link, NodeProgress telling, Runnable closing)
        implements AutoCloseable {

    /** One that is that place itself. */
    static OpenBox of(DropBox directory) {
        return new OpenBox(directory, BoxLink.none(), NodeProgress.silent(), () -> {});
    }

    /** One in a store, at the gateway. */
    static OpenBox of(GatewayBox stored) {
        return new OpenBox(stored.box(), stored, NodeProgress.silent(), stored::close);
    }

    /** One in a store, where the computing is. */
    static OpenBox of(ComputeBox stored) {
        return new OpenBox(stored.box(), stored, stored.telling(), stored::close);
    }

    @Override
    public void close() {
        closing.run();
    }
}
