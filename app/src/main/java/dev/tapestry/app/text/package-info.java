/**
 * Real, open text from two published artifacts, cut into corpora for the demo, the studies and the
 * tests: debates of the European Parliament in 21 languages, and definitions from health care.
 */
@NullMarked
package dev.tapestry.app.text;

import org.jspecify.annotations.NullMarked;
