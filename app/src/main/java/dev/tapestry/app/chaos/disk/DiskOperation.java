package dev.tapestry.app.chaos.disk;

import java.util.Locale;

/** What can be asked of a disk. */
public enum DiskOperation {
    READ,
    WRITE,
    TRUNCATE,
    FORCE,
    CREATE,
    RENAME,
    DELETE,
    /** A transaction of a log becomes durable. */
    COMMIT,
    /** It is, and its writer is about to learn of it. */
    ANSWER;

    /** As people read it, before the place. */
    public String title() {
        return switch (this) {
            case COMMIT -> "commit to";
            case ANSWER -> "answer to a commit to";
            case READ, WRITE, TRUNCATE, FORCE, CREATE, RENAME, DELETE ->
                    name().toLowerCase(Locale.ROOT);
        };
    }

    /** Whether it is asked of a log's database, which writes past Java's files. */
    private boolean isOfLog() {
        return this == COMMIT || this == ANSWER;
    }

    /** Whether it takes room that a full disk does not have. */
    boolean needsRoom() {
        return this == WRITE || this == CREATE;
    }

    /** Whether it changes what is on the disk. */
    public boolean changes() {
        return this != READ && this != FORCE && !isOfLog();
    }
}
