/**
 * What a community has written down for its model, and the guard that holds to it: in data, in
 * prompts and in answers.
 *
 * <p>Texts are compared in a folded form ({@link dev.tapestry.node.constitution.Folding}). Terms
 * are found by one automaton after Aho and Corasick, "Efficient string matching", CACM 18(6), 1975;
 * patterns by Thompson's simulation, CACM 11(6), 1968, in time linear in the text. Both know where
 * the earliest match that may still come begins, and so how much of a stream has to wait.
 */
@NullMarked
package dev.tapestry.node.constitution;

import org.jspecify.annotations.NullMarked;
