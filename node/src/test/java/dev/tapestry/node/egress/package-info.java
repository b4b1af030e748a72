/** Stories of the wall around a node. */
@NullMarked
package dev.tapestry.node.egress;

import org.jspecify.annotations.NullMarked;
