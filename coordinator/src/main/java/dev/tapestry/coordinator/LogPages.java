package dev.tapestry.coordinator;

import dev.tapestry.trust.log.AuditLog;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** All entries of a log in order, never more than a page of them in memory. */
final class LogPages {

    private static final long PAGE = 1_000;

    private LogPages() {}

    static Stream<byte[]> entries(AuditLog log) {
        long size = log.size();
        return LongStream.iterate(0, from -> from < size, from -> from + PAGE)
                .mapToObj(from -> log.read(from, Math.min(size, from + PAGE)))
                .flatMap(List::stream);
    }
}
