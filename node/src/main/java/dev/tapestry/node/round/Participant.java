package dev.tapestry.node.round;

import dev.tapestry.consortium.protocol.RoundView;
import java.time.Duration;

/** Whoever does a member's part in rounds. */
interface Participant {

    /** Does what the round waits for from this member, if anything. */
    void takePart(RoundView view);

    /** How long the next question for news may stay open: below what proxies bear in silence. */
    default Duration poll() {
        return Duration.ofSeconds(50);
    }

    /** Ends what goes on beside a round. */
    void rest();
}
