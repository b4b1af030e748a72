package dev.tapestry.node.egress;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class StreamWidthTest {

    private static final Duration NEAR = Duration.ofMillis(1);
    private static final Duration FAR = Duration.ofMillis(200);

    @Test
    void a_near_coordinator_is_sent_to_over_few_streams_and_a_distant_one_over_many() {
        assertThat(new StreamWidth(16).of(1000, NEAR).width()).isEqualTo(4);
        assertThat(new StreamWidth(16).of(1000, FAR).width()).isEqualTo(13);
        assertThat(new StreamWidth(16).of(1000, Duration.ofSeconds(2)).width()).isEqualTo(16);
    }

    @Test
    void streams_without_several_parts_each_are_not_opened() {
        assertThat(new StreamWidth(16).of(8, FAR).width()).isEqualTo(4);
        assertThat(new StreamWidth(16).of(32, FAR).width()).isEqualTo(8);
    }

    @Test
    void a_node_that_wants_one_stream_has_one() {
        StreamWidth.Climb climb = new StreamWidth(1).of(1000, FAR);
        assertThat(climb.width()).isEqualTo(1);
        assertThat(climb.after(5e6, 900)).isEqualTo(1);
    }

    @Test
    void streams_are_doubled_while_that_pays_and_the_next_transfer_begins_there() {
        StreamWidth width = new StreamWidth(64);
        StreamWidth.Climb climb = width.of(1000, NEAR);
        assertThat(climb.after(10e6, 900)).isEqualTo(8);
        assertThat(climb.after(19e6, 800)).isEqualTo(16);
        assertThat(climb.after(20e6, 700)).as("taken back").isEqualTo(8);
        assertThat(climb.after(90e6, 600)).as("found").isEqualTo(8);
        assertThat(width.of(1000, NEAR).width()).isEqualTo(8);
    }

    @Test
    void near_the_end_streams_are_not_doubled() {
        StreamWidth.Climb climb = new StreamWidth(64).of(1000, NEAR);
        assertThat(climb.after(10e6, 20)).isEqualTo(5);
        assertThat(climb.after(20e6, 3)).isEqualTo(5);
    }
}
