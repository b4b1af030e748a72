/**
 * The only place where a node opens corpus files. The dataset card is asked first, for one purpose
 * at a time; what the rest of the node gets is token shards.
 */
@NullMarked
package dev.tapestry.node.access;

import org.jspecify.annotations.NullMarked;
