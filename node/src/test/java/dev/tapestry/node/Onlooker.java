package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeEvent.Decision;
import dev.tapestry.node.NodeEvent.Verdict;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.round.NodeAgent.Until;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * Looks on while a stage's node takes part in a round, and hears what it tells.
 *
 * @param stage with a member that has joined
 */
record Onlooker(Stage stage) {

    /** Announces the first round, from a base that the log names. */
    Digest announced() throws IOException {
        Digest base = stage.coordinator.adopt(stage.base("base", 1));
        stage.coordinator.announce(Stage.plan(1, base), 1);
        return base;
    }

    /** The codes of what hindered the node so far. */
    List<String> hindered() {
        return stage.updates.stream()
                .filter(NodeUpdate.Hindered.class::isInstance)
                .map(update -> ((NodeUpdate.Hindered) update).code())
                .toList();
    }

    /** The codes with which the node said no so far. */
    List<String> declined() {
        return stage.updates.stream()
                .filter(NodeUpdate.Declined.class::isInstance)
                .map(update -> ((NodeUpdate.Declined) update).code())
                .toList();
    }

    /** Steps that the node has told of. */
    long steps() {
        return stage.updates.stream().filter(NodeUpdate.Stepped.class::isInstance).count();
    }

    /** Something that a person does. */
    @FunctionalInterface
    interface Mending {
        void run() throws IOException;
    }

    /** The node says what hinders it, tries again, and ends the round once that is mended. */
    void goesOnOnce(String code, String why, Mending mending) {
        try (Node node = stage.node()) {
            stage.watch(update -> {
                if (update instanceof NodeUpdate.Hindered hindered && hindered.failures() == 2) {
                    mend(mending);
                }
            });
            node.agent().run(Until.noRun());
        }
        assertThat(hindered()).hasSizeGreaterThanOrEqualTo(2).containsOnly(code);
        assertThat(stage.updates.toString()).contains(why);
        assertThat(stage.coordinator.scores).hasSize(1);
        assertThat(stage.events())
                .filteredOn(event ->
                        event instanceof Decision decision
                                && decision.verdict() == Verdict.DECLINES)
                .as("what is the same each time is written once")
                .hasSize(1);
    }

    /** Does it. */
    static void mend(Mending mending) {
        try {
            mending.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Expects that the agent says why it cannot take part, and would try again. */
    void hinderedBy(String code, String why) throws IOException {
        asksToTakePart(why);
        assertThat(hindered()).containsExactly(code);
        assertThat(declined()).isEmpty();
    }

    /** Expects that the agent says no to this round. */
    void declinesWith(String code, String why) throws IOException {
        asksToTakePart(why);
        assertThat(declined()).containsExactly(code);
        assertThat(hindered()).isEmpty();
    }

    /** Runs the agent on an announced round until it says why it does nothing. */
    private void asksToTakePart(String why) throws IOException {
        if (stage.coordinator.view().plan().isEmpty()) {
            announced();
        }
        try (Node node = stage.node()) {
            stage.watch(update -> {
                if (update instanceof NodeUpdate.Declined
                        || update instanceof NodeUpdate.Hindered) {
                    node.stop();
                }
            });
            assertThatThrownBy(() -> node.agent().run(Until.noRun()))
                    .isInstanceOfSatisfying(
                            NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.STOPPED));
        }
        assertThat(stage.updates.toString()).contains(why);
        assertThat(steps()).isZero();
        assertThat(stage.coordinator.contributions).isEmpty();
    }
}
