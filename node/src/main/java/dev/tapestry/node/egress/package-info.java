/**
 * The only place where a node opens network connections.
 *
 * <p>{@link dev.tapestry.node.egress.EgressGate} lets through the kinds of message that {@link
 * dev.tapestry.node.egress.MessageKind} lists, to the coordinator that the node enrolled with and
 * to nobody else, and writes a {@link dev.tapestry.node.NodeEvent.Receipt} for each into the node's
 * own log. What is not listed there cannot leave.
 */
@NullMarked
package dev.tapestry.node.egress;

import org.jspecify.annotations.NullMarked;
