package dev.tapestry.acceptance;

import static dev.tapestry.acceptance.SmallConsortium.PATIENCE;
import static dev.tapestry.acceptance.SmallConsortium.is;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.Wire;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.node.NodeEvent;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeLog;
import dev.tapestry.node.box.DropBox;
import dev.tapestry.node.egress.MessageKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A member whose text and compute have no network, beside one that has. */
@Timeout(900)
class CarriedRoundsTest {

    private static final List<String> MEMBERS = List.of("ada", "bela");
    private static final int ROUNDS = 2;

    /** So many that who is seen to train has not yet sent anything when it is stopped. */
    private static final int STEPS = 16;

    @TempDir Path directory;

    @Test
    void rounds_carried_by_an_unattended_gateway_give_the_base_that_networked_nodes_give()
            throws IOException {
        assertThat(carried().base()).isEqualTo(networked().base());
    }

    @Test
    void rounds_that_travel_through_an_object_store_give_that_base_too() throws IOException {
        assertThat(stored().base()).isEqualTo(networked().base());
    }

    @Test
    void what_was_carried_too_slowly_for_its_round_is_merged_in_a_later_one() throws IOException {
        List<String> members = List.of("ada", "bela", "cleo");
        String rules = "late: {window: PT1H, maxStaleness: 3, discount: 0.5}\n";
        try (SmallConsortium consortium = SmallConsortium.founded(directory, members, rules)) {
            Path text = takeAway(directory.resolve("text-cleo"), directory.resolve("compute"));
            DropBox box = new DropBox(directory.resolve("usb/box"));
            consortium.runAsynchronously(3, STEPS, 2);
            assertThat(Program.here("round", "fetch", consortium.node("cleo"), box.path()))
                    .isZero();
            work("train", box, text);
            consortium.startNode("ada");
            consortium.startNode("bela");
            consortium.awaitLine("bela", "\"phase\":\"TRAINING\"", "\"round\":2");
            consortium.kill("bela"); // whoever it is, the round now waits for one more
            await("the late contribution")
                    .atMost(PATIENCE)
                    .until(() ->
                            Program.here("round", "submit", consortium.node("cleo"), box.path())
                                    == 0);
            consortium.startNode("bela");
            RoundView last = consortium.awaitView(view -> view.roundsPlanned() == 0);
            assertThat(is(last, 3, Phase.PUBLISHED)).as(last.reason()).isTrue();
            consortium.kill("coordinator");
            consortium.kill("ada");
            consortium.kill("bela");
            assertThat(consortium.admitted())
                    .filteredOn(event -> event.contribution().member().value().equals("cleo"))
                    .singleElement()
                    .satisfies(late ->
                            assertThat(late.contribution().late().orElseThrow().round().value())
                                    .isEqualTo(1));
            consortium.verify(members, 3);
        }
    }

    private RoundView networked() throws IOException {
        Path place = Files.createDirectory(directory.resolve("networked"));
        try (SmallConsortium consortium = SmallConsortium.founded(place, MEMBERS)) {
            run(consortium);
            MEMBERS.forEach(consortium::startNode);
            return ended(consortium);
        }
    }

    private RoundView carried() throws IOException {
        Path place = Files.createDirectory(directory.resolve("carried"));
        try (SmallConsortium consortium = SmallConsortium.founded(place, MEMBERS)) {
            Path text = takeAway(place.resolve("text-bela"), place.resolve("compute"));
            DropBox box = new DropBox(place.resolve("shared/box"));
            run(consortium);
            consortium.startNode("ada");
            consortium.startCourier("bela", box.path());
            for (int round = 1; round <= ROUNDS; round++) {
                int now = round;
                awaitOrders(() -> isToTrain(box, now));
                work("train", box, text);
                awaitOrders(() -> box.isToScore() && !box.isDone());
                work("score", box, text);
            }
            RoundView last = ended(consortium);
            consortium.awaitLine("bela", "base-believed", last.base().orElseThrow().hex());
            for (String name : List.of("coordinator", "ada", "bela")) {
                consortium.kill(name);
            }
            consortium.verify(MEMBERS, ROUNDS);
            return last;
        }
    }

    /** A gateway that runs by itself, and a job at compute that runs every now and then. */
    private RoundView stored() throws IOException {
        Path place = Files.createDirectory(directory.resolve("stored"));
        try (BucketServer store = BucketServer.start(place.resolve("store"));
                SmallConsortium consortium = SmallConsortium.founded(place, MEMBERS)) {
            Path text = takeAway(place.resolve("text-bela"), place.resolve("compute"));
            String box = "s3://bucket/rounds/bela";
            Object[] compute = {box, "--endpoint", store.endpoint(), "--corpus", text};
            run(consortium);
            consortium.startNode("ada");
            consortium.startCourier(
                    "bela", store.environment(), box, "--endpoint", store.endpoint());
            for (int round = 1; round <= ROUNDS; round++) {
                int now = round;
                workUntil(consortium, compute, view -> hasReached(view, now, Phase.SCORING));
                workUntil(consortium, compute, view -> hasReached(view, now, Phase.PUBLISHED));
            }
            RoundView last = ended(consortium);
            consortium.awaitLine("bela", "base-believed", last.base().orElseThrow().hex());
            for (String name : List.of("coordinator", "ada", "bela")) {
                consortium.kill(name);
            }
            consortium.verify(MEMBERS, ROUNDS);
            Path kept = text.resolveSibling("text.rounds");
            assertThat(sent(consortium.node("bela"))).isPositive();
            assertThat(sent(kept)).isPositive();
            return last;
        }
    }

    private static void workUntil(
            SmallConsortium consortium, Object[] box, Predicate<RoundView> expected) {
        consortium.awaitView(view -> {
            if (expected.test(view)) {
                return true;
            }
            Program.here(words("train", box));
            Program.here(words("score", box));
            return false;
        });
    }

    private static boolean hasReached(RoundView view, int round, Phase phase) {
        return is(view, round, phase)
                || is(view, round, Phase.PUBLISHED)
                || view.plan().map(plan -> plan.round().value() > round).orElse(false);
    }

    private static Object[] words(String what, Object... box) {
        return Stream.concat(Stream.of("round", what), Stream.of(box)).toArray();
    }

    /** What the receipts say that went into a store. */
    private static long sent(Path directory) {
        try (NodeLog log = NodeLog.readOnly(new NodeHome(directory).log());
                Stream<NodeEvent> events = log.events()) {
            return events.filter(NodeEvent.Receipt.class::isInstance)
                    .map(NodeEvent.Receipt.class::cast)
                    .filter(receipt -> receipt.kind() == MessageKind.BOX_UPLOAD)
                    .mapToLong(NodeEvent.Receipt::bytesSent)
                    .sum();
        }
    }

    /** With all that a member carries on from round to round: residuals and gradients. */
    private static void run(SmallConsortium consortium) {
        CodecName fourBits = new CodecName("int4/1");
        consortium.run(
                ROUNDS,
                3,
                new Wire(Optional.of(fourBits), Optional.of(fourBits)),
                new CodecName("int8/1"));
    }

    private static RoundView ended(SmallConsortium consortium) {
        RoundView last = consortium.awaitView(view -> view.roundsPlanned() == 0);
        assertThat(is(last, ROUNDS, Phase.PUBLISHED)).as(last.reason()).isTrue();
        return last;
    }

    private static boolean isToTrain(DropBox box, int round) {
        return box.hasOrders()
                && !box.isToScore()
                && !box.isDone()
                && box.training().round().value() == round;
    }

    private static void awaitOrders(Callable<Boolean> orders) {
        await("orders in the box").atMost(PATIENCE).ignoreExceptions().until(orders);
    }

    private static void work(String what, DropBox box, Path text) {
        assertThat(Program.here("round", what, box.path(), "--corpus", text)).isZero();
    }

    /** The gateway keeps the card; the text is where the computing is. */
    private static Path takeAway(Path corpus, Path compute) throws IOException {
        Path text = Files.createDirectories(compute.resolve("text"));
        Files.copy(corpus.resolve("card.yaml"), text.resolve("card.yaml"));
        Files.move(corpus.resolve("minutes.txt"), text.resolve("minutes.txt"));
        return text;
    }
}
