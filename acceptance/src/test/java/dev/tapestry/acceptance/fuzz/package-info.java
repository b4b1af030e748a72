/**
 * Bytes that others wrote, and what reads them. {@link dev.tapestry.acceptance.fuzz.ForeignReaders}
 * lists the readers, {@link dev.tapestry.acceptance.fuzz.BadInputTest} the attacks that have names,
 * and {@link dev.tapestry.acceptance.fuzz.FuzzTest} looks for those that have none.
 */
@org.jspecify.annotations.NullMarked
package dev.tapestry.acceptance.fuzz;
