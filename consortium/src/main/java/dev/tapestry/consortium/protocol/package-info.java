/**
 * The documents that a coordinator and a node exchange, as {@code docs/protocol.md} describes them.
 * The two programs share these nouns and nothing else.
 */
@NullMarked
package dev.tapestry.consortium.protocol;

import org.jspecify.annotations.NullMarked;
