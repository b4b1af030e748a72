package dev.tapestry.app.chaos.disk;

/** What can be asked of a disk. */
public enum DiskOperation {
    READ,
    WRITE,
    TRUNCATE,
    FORCE,
    CREATE,
    RENAME,
    DELETE;

    /** Whether it takes room that a full disk does not have. */
    boolean needsRoom() {
        return this == WRITE || this == CREATE;
    }

    /** Whether it changes what is on the disk. */
    public boolean changes() {
        return this != READ && this != FORCE;
    }
}
