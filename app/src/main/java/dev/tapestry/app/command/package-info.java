/**
 * The commands. Exit codes: 0 done; 1 refused or failed, with the reason and the next step on
 * standard error; 2 wrong usage; 3 the machine lacks something; 130 interrupted.
 */
@NullMarked
package dev.tapestry.app.command;

import org.jspecify.annotations.NullMarked;
