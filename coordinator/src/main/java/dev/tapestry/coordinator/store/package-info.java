/**
 * Where a coordinator keeps what must outlive it: the log in SQLite or PostgreSQL, the files of
 * rounds on a disk or in an S3 bucket, and who leads where several coordinators share them.
 *
 * <p>In PostgreSQL the tables of {@link dev.tapestry.trust.log} have one beside them:
 *
 * <pre>
 *   lease(term BIGINT, holder TEXT, expires TIMESTAMPTZ)     one row
 * </pre>
 *
 * <p>Whoever leads has raised {@code term} when it took the lease, and renews {@code expires} by
 * the database's clock. Each append locks the row and goes through only while {@code term} is still
 * its own: a coordinator that slept through its lease cannot write what its successor does not know
 * of, however late it wakes.
 *
 * <p>Only this package speaks to a database server; object stores are {@link dev.tapestry.objects}.
 */
@NullMarked
package dev.tapestry.coordinator.store;

import org.jspecify.annotations.NullMarked;
