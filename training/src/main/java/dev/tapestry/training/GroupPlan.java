package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import java.time.Duration;
import java.util.Optional;

/**
 * How a process takes part in a group of processes that train one model together.
 *
 * @param rank of this process, from 0; rank 0 writes what the group has trained
 * @param size how many processes there are
 * @param rendezvous where they find each other
 * @param address name or IP address under which the others reach this process; the machine's own
 *     name if empty
 * @param timeout the longest wait for another process, at the rendezvous and in each step
 */
public record GroupPlan(
        int rank, int size, Rendezvous rendezvous, Optional<String> address, Duration timeout) {

    /** Long enough for machines that read a large model unequally fast. */
    public static final Duration USUAL_TIMEOUT = Duration.ofMinutes(5);

    private static final Duration LONGEST_TIMEOUT = Duration.ofDays(1);
    private static final int MOST_PROCESSES = 4096;

    public GroupPlan {
        if (size < 1 || size > MOST_PROCESSES) {
            throw invalid("size %d is not between 1 and %d".formatted(size, MOST_PROCESSES));
        }
        if (rank < 0 || rank >= size) {
            throw invalid(
                    "rank %d is not among the %d processes: ranks are 0 to %d"
                            .formatted(rank, size, size - 1));
        }
        if (timeout.compareTo(Duration.ofSeconds(1)) < 0
                || timeout.compareTo(LONGEST_TIMEOUT) > 0) {
            throw invalid("timeout %s is not between PT1S and P1D".formatted(timeout));
        }
    }

    private static TrainingException invalid(String message) {
        return new TrainingException(Code.INVALID_PLAN, "process group: " + message);
    }
}
