/** What evaluations come to, for people who decide. */
@NullMarked
package dev.tapestry.app.evaluation;

import org.jspecify.annotations.NullMarked;
