/**
 * A disk that fails when it is told to, for one process of {@code tapestry chaos}.
 *
 * <p>{@link FailingDiskProvider} takes the place of the JDK's default file system when the JVM is
 * started with {@code -Djava.nio.file.spi.DefaultFileSystemProvider=}, which nothing but {@code
 * tapestry chaos} does. Everything goes on to the real file system; what lies under one directory
 * is counted, may be made to fail, and is remembered until it is flushed, so that a power cut can
 * take away what no disk would have had to keep:
 *
 * <ul>
 *   <li>bytes of a file since its last {@code force},
 *   <li>names that were made, changed or removed since the last {@code force} of their folder.
 * </ul>
 *
 * <p>What goes past {@code java.nio.file} is not seen: SQLite, which is native, and {@code
 * java.io}. A file that is mapped for writing counts as written in all of the mapped part, and
 * again after each {@code force} for as long as its channel is open; no mapped write fails for want
 * of room. What an earlier process left unflushed counts as flushed. Of SQLite the commits are seen
 * ({@link CommitWatch}): a process can be ended before one, and behind it before anybody knows.
 */
@NullMarked
package dev.tapestry.app.chaos.disk;

import org.jspecify.annotations.NullMarked;
