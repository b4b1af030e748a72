/** Pages and tables that show results to people: self-contained, no script, no network. */
@NullMarked
package dev.tapestry.app.report;

import org.jspecify.annotations.NullMarked;
