package dev.tapestry.app.chaos;

/** What a process needs and does not have for a while. */
enum Held {
    LOG(Victim.COORDINATOR, "log locked by another process for 3 s"),
    LOG_LONG(Victim.COORDINATOR, "log locked by another process for 14 s"),
    COORDINATOR_DIRECTORY(Victim.COORDINATOR, "a second coordinator is started beside it"),
    NODE_DIRECTORY(Victim.NODE, "a second node is started beside it"),
    COORDINATOR_TIME(Victim.COORDINATOR, "frozen for 4 s, a second one is started meanwhile"),
    NODE_TIME(Victim.NODE, "frozen for 4 s, a second one is started meanwhile");

    private final Victim victim;
    private final String title;

    Held(Victim victim, String title) {
        this.victim = victim;
        this.title = title;
    }

    Victim victim() {
        return victim;
    }

    /** As people read it. */
    String title() {
        return title;
    }
}
