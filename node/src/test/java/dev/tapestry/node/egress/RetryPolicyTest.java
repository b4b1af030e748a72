package dev.tapestry.node.egress;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Many nodes that lost their coordinator in the same moment. */
final class RetryPolicyTest {

    private static final int NODES = 1_000;

    /** Each as a program makes it: none knows of the others. */
    private final List<RetryPolicy> nodes = new ArrayList<>();

    RetryPolicyTest() {
        for (int i = 0; i < NODES; i++) {
            nodes.add(RetryPolicy.standard(new SecureRandom()));
        }
    }

    /** When each node tries for the {@code tries}th time. */
    private List<Duration> moments(int tries) {
        return nodes.stream()
                .map(node -> {
                    Duration moment = Duration.ZERO;
                    for (int failures = 1; failures <= tries; failures++) {
                        moment = moment.plus(node.delay(failures));
                    }
                    return moment;
                })
                .toList();
    }

    /** How many of them fall into the fullest stretch of this length. */
    private static long fullest(List<Duration> moments, Duration stretch) {
        return moments.stream()
                .collect(groupingBy(moment -> moment.toMillis() / stretch.toMillis(), counting()))
                .values()
                .stream()
                .mapToLong(Long::longValue)
                .max()
                .orElseThrow();
    }

    @Test
    void pauses_double_up_to_the_cap_and_are_at_least_half_of_it() {
        RetryPolicy node = nodes.getFirst();
        for (int failures = 1; failures < 10_000; failures++) {
            Duration longest = node.first().multipliedBy(1L << Math.min(failures - 1, 10));
            Duration bound = longest.compareTo(node.cap()) < 0 ? longest : node.cap();
            assertThat(node.delay(failures)).isBetween(bound.dividedBy(2), bound);
        }
    }

    @Test
    void the_first_tries_of_many_nodes_are_spread_over_all_of_their_range() {
        // A quarter of a second, in 25 stretches: 40 nodes in each if they are spread evenly.
        assertThat(fullest(moments(1), Duration.ofMillis(10))).isLessThan(3 * NODES / 25);
        assertThat(moments(1).stream().distinct().count()).isGreaterThan(200);
    }

    @Test
    void in_a_long_outage_no_second_sees_many_nodes_come_back_together() {
        // After twelve pauses their moments lie apart by more than half of the cap.
        List<Duration> moments = moments(12);
        assertThat(fullest(moments, Duration.ofSeconds(1))).isLessThan(NODES / 5);
        assertThat(fullest(moments(300), Duration.ofSeconds(1))).isLessThan(NODES / 15);
    }
}
