@NullMarked
package dev.tapestry.node.evaluation;

import org.jspecify.annotations.NullMarked;
