/** Stories of a node, told against a coordinator's double that speaks the protocol. */
@NullMarked
package dev.tapestry.node;

import org.jspecify.annotations.NullMarked;
