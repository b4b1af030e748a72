package dev.tapestry.app.chaos;

/** A file of which one byte changes while it lies on the disk. */
enum DamagedFile {
    CONTRIBUTION(Victim.COORDINATOR, "in an admitted contribution"),
    UPLOAD(Victim.COORDINATOR, "in a contribution that has half arrived"),
    MERGE(Victim.COORDINATOR, "in a merge that is half written"),
    BASE(Victim.COORDINATOR, "in the base, restored later"),
    MOMENTUM(Victim.COORDINATOR, "in the outer optimiser's state, restored later"),
    OUTBOX(Victim.NODE, "in a signed contribution that was not sent yet"),
    RECEIVED_BASE(Victim.NODE, "in a base that was received");

    private final Victim victim;
    private final String title;

    DamagedFile(Victim victim, String title) {
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
