package dev.tapestry.acceptance;

import static dev.tapestry.acceptance.SmallConsortium.is;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.SharedGradients;
import dev.tapestry.consortium.Wire;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.node.NodeEvent;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeLog;
import dev.tapestry.node.egress.MessageKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three rounds of coded updates in both directions, with power cuts between them. */
@Timeout(600)
class CodedRunTest {

    private static final List<String> MEMBERS = List.of("ada", "bela");
    private static final int ROUNDS = 3;

    @TempDir Path directory;

    @Test
    void updates_travel_and_merges_can_be_verified_although_all_were_killed_in_between()
            throws IOException {
        try (SmallConsortium consortium = SmallConsortium.founded(directory, MEMBERS)) {
            consortium.run(
                    ROUNDS,
                    4,
                    new Wire(
                            Optional.of(new CodecName("topk32/1")),
                            Optional.of(new CodecName("int4/1"))),
                    new CodecName("int4/1"));
            MEMBERS.forEach(consortium::startNode);

            consortium.awaitLine("bela", "\"phase\":\"TRAINING\"", "\"round\":2");
            consortium.kill("bela");
            consortium.kill("coordinator");
            consortium.startCoordinator();
            consortium.startNode("bela");
            consortium.awaitLine("ada", "\"phase\":\"SCORING\"", "\"round\":2");
            consortium.kill("coordinator");
            consortium.startCoordinator();

            RoundView second = consortium.awaitView(view -> number(view) == ROUNDS);
            assertThat(second.plan().orElseThrow().gradients().flatMap(SharedGradients::mean))
                    .as("the mean gradient of the round before")
                    .isPresent();
            RoundView last = consortium.awaitView(view -> view.roundsPlanned() == 0);
            assertThat(is(last, ROUNDS, Phase.PUBLISHED)).as(last.reason()).isTrue();
            String base = last.base().orElseThrow().hex();
            for (String member : MEMBERS) {
                consortium.awaitLine(member, "base-believed", base);
            }
            consortium.kill("coordinator");
            MEMBERS.forEach(consortium::kill);

            long model = weights(consortium.node("ada").resolve("models").resolve(base));
            for (String member : MEMBERS) {
                assertThat(sent(consortium.node(member)) / ROUNDS)
                        .as("the gradient in four bits, and an update in a fiftieth of the weights")
                        .isBetween(compressed(model * 17 / 128), model * 17 / 128 + model / 50);
                assertThat(received(consortium.node(member)))
                        .as("the base whole, then candidates and gradients in four bits")
                        .isBetween(compressed(model), model + ROUNDS * model / 3);
            }
            consortium.verify(MEMBERS, ROUNDS);
        }
    }

    /** The least that is left on a line so slow that parts travel compressed. */
    private static long compressed(long bytes) {
        return bytes * 3 / 4;
    }

    private static int number(RoundView view) {
        return view.plan().map(plan -> plan.round().value()).orElse(0);
    }

    private static long weights(Path model) throws IOException {
        return Files.size(model.resolve("model.safetensors"));
    }

    private static long sent(Path node) {
        return receipts(node, MessageKind.PART_UPLOAD).stream()
                .mapToLong(NodeEvent.Receipt::bytesSent)
                .sum();
    }

    private static long received(Path node) {
        return receipts(node, MessageKind.PART_DOWNLOAD).stream()
                .mapToLong(NodeEvent.Receipt::bytesReceived)
                .sum();
    }

    private static List<NodeEvent.Receipt> receipts(Path node, MessageKind kind) {
        try (NodeLog log = NodeLog.readOnly(new NodeHome(node).log())) {
            return log.events()
                    .filter(NodeEvent.Receipt.class::isInstance)
                    .map(NodeEvent.Receipt.class::cast)
                    .filter(receipt -> receipt.kind() == kind)
                    .toList();
        }
    }
}
