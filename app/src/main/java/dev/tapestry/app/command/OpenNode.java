package dev.tapestry.app.command;

import dev.tapestry.node.Node;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeHome;
import java.io.PrintWriter;
import java.util.function.ToIntFunction;

/** A node that is open while something is done with it. */
final class OpenNode {

    private OpenNode() {}

    /**
     * Does something with a node, and once more where the members have moved the coordinator
     * meanwhile.
     *
     * @param lines where the node tells what it does
     * @return what {@code work} does, or the exit code of the signal that stopped it
     */
    static int during(NodeHome home, PrintWriter lines, ToIntFunction<Node> work) {
        while (true) {
            try (Node node = Node.open(home, new NodeLines(lines));
                    Signals signals = Signals.during(node::stop)) {
                try {
                    return work.applyAsInt(node);
                } catch (NodeException e) {
                    if (e.code() == Code.STOPPED && signals.came()) {
                        return signals.exitCode();
                    }
                    if (e.code() != Code.MOVED) {
                        throw e;
                    }
                    lines.println("# " + e.getMessage());
                    lines.flush();
                }
            }
        }
    }
}
