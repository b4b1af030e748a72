package dev.tapestry.app.chaos.disk;

import java.util.List;

/**
 * What is to fail, and when.
 *
 * @param fault how
 * @param operation at which kind of operation
 * @param place on which files, as {@link DiskPlace} names them
 * @param occurrence at the how manieth of them since the order was given, from 1
 * @param seed of what a power cut takes away
 */
public record DiskOrder(
        DiskFault fault, DiskOperation operation, String place, int occurrence, long seed) {

    /** Writes all operations down. */
    public static DiskOrder record() {
        return new DiskOrder(DiskFault.RECORD, DiskOperation.WRITE, "*", 1, 0);
    }

    /** One line. */
    public String line() {
        return "%s %s %d %d %s".formatted(fault, operation, occurrence, seed, place);
    }

    static DiskOrder parse(String line) {
        List<String> words = List.of(line.strip().split(" ", 5));
        return new DiskOrder(
                DiskFault.valueOf(words.get(0)),
                DiskOperation.valueOf(words.get(1)),
                words.get(4),
                Integer.parseInt(words.get(2)),
                Long.parseLong(words.get(3)));
    }

    boolean isAbout(DiskOperation happening, String at) {
        return operation == happening && place.equals(at);
    }
}
