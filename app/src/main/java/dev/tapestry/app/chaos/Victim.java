package dev.tapestry.app.chaos;

import java.util.Locale;

/** Which processes are killed. */
enum Victim {
    COORDINATOR,
    NODE,
    BOTH;

    boolean coordinator() {
        return this != NODE;
    }

    boolean node() {
        return this != COORDINATOR;
    }

    /** As people read it. */
    String title() {
        return this == BOTH ? "coordinator and node" : name().toLowerCase(Locale.ROOT);
    }
}
