package dev.tapestry.coordinator;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The bytes of a part that are asked for (RFC 9110 §14).
 *
 * @param first of the part, from 0
 * @param count how many, at least one
 */
record ByteRange(long first, long count) {

    private static final Pattern ONE = Pattern.compile("bytes=(\\d{0,18})-(\\d{0,18})");

    /**
     * Reads the value of a {@code Range} header: one range, also from the end.
     *
     * @param bytes that the part has
     * @throws ApiRefusal {@code RANGE_NOT_SATISFIABLE}
     */
    static ByteRange of(String header, long bytes) {
        Matcher range = ONE.matcher(header);
        if (!range.matches() || (range.group(1).isEmpty() && range.group(2).isEmpty())) {
            throw unsatisfiable(header, bytes);
        }
        long first;
        long last = bytes - 1;
        if (range.group(1).isEmpty()) {
            first = Math.max(0, bytes - Long.parseLong(range.group(2)));
        } else {
            first = Long.parseLong(range.group(1));
            if (!range.group(2).isEmpty()) {
                last = Math.min(last, Long.parseLong(range.group(2)));
            }
        }
        if (first > last) {
            throw unsatisfiable(header, bytes);
        }
        return new ByteRange(first, last - first + 1);
    }

    private static ApiRefusal unsatisfiable(String range, long bytes) {
        return new ApiRefusal(
                ApiCode.RANGE_NOT_SATISFIABLE,
                "'%s' is not one range within the part's %d bytes".formatted(range, bytes));
    }
}
