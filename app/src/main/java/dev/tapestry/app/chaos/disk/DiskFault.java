package dev.tapestry.app.chaos.disk;

/** How a disk fails. */
public enum DiskFault {
    /** It does not: operations are written down. */
    RECORD("nothing"),
    /** The process ends before the operation. */
    KILL("killed before"),
    /** The process ends before the operation, and what was not flushed is gone. */
    POWER_CUT("power cut before"),
    /** Half of the bytes are written, then the process ends. */
    TEAR("killed in the middle of"),
    /** There is no room from this operation on, until the order is taken back. */
    FULL("disk full at"),
    /** Nothing can be changed from this operation on, until the order is taken back. */
    READ_ONLY("disk read-only at"),
    /** One byte is read wrong. */
    FLIP("a byte wrong in");

    private final String title;

    DiskFault(String title) {
        this.title = title;
    }

    /** As people read it, before the operation. */
    public String title() {
        return title;
    }

    /** Whether the process ends by it. */
    public boolean ends() {
        return switch (this) {
            case KILL, POWER_CUT, TEAR -> true;
            case RECORD, FULL, READ_ONLY, FLIP -> false;
        };
    }

    /** Whether it makes sense with this operation. */
    public boolean befits(DiskOperation operation) {
        return switch (this) {
            case RECORD -> true;
            case KILL, POWER_CUT -> operation != DiskOperation.READ;
            case TEAR -> operation == DiskOperation.WRITE;
            case FULL -> operation.needsRoom();
            case READ_ONLY -> operation.changes();
            case FLIP -> operation == DiskOperation.READ;
        };
    }
}
