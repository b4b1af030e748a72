package dev.tapestry.consortium.protocol;

import java.util.List;

/**
 * A slice of the log.
 *
 * @param from index of the first entry
 * @param entries canonical JSON of each event, base64
 */
public record LogEntries(long from, List<String> entries) {}
