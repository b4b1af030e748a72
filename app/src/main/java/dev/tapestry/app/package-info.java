/**
 * The program: {@code main}, the commands, the demo, the studies and the benchmarks. It is the only
 * room that knows both the coordinator and the node; each command assembles what it needs.
 */
@NullMarked
package dev.tapestry.app;

import org.jspecify.annotations.NullMarked;
