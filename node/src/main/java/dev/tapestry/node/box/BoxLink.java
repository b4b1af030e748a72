package dev.tapestry.node.box;

import java.time.Duration;

/** What keeps a box here, and the place where both sides meet, alike. */
public interface BoxLink {

    /** Takes what the other side has put there. */
    void take();

    /** Gives the other side what lies here. */
    void give();

    /** How long to wait between two looks. */
    Duration pace();

    /** Where the box itself is that place: a directory that both see, or that is carried. */
    static BoxLink none() {
        return new BoxLink() {
            @Override
            public void take() {}

            @Override
            public void give() {}

            @Override
            public Duration pace() {
                return Duration.ofMillis(500);
            }
        };
    }
}
