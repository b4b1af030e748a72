/**
 * From a constitution to pairs of answers of which one is preferred: a model answers prompts
 * several times, rules and perhaps a judge rank what it says, and a person looks at every pair
 * before anything is learnt from it.
 */
@NullMarked
package dev.tapestry.node.preferences;

import org.jspecify.annotations.NullMarked;
