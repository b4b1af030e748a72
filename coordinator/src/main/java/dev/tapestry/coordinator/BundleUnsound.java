package dev.tapestry.coordinator;

import java.util.Optional;

/** Something is wrong with an audit bundle; the report says what. */
final class BundleUnsound extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient Optional<BadEntry> entry;

    BundleUnsound(String problem) {
        super(problem, null, false, false);
        this.entry = Optional.empty();
    }

    BundleUnsound(BadEntry bad) {
        super(bad.text(), null, false, false);
        this.entry = Optional.of(bad);
    }

    /** The first entry that does not fit, where it is known. */
    Optional<BadEntry> entry() {
        return entry;
    }
}
