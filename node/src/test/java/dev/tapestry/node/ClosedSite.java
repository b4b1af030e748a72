package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.box.BoxAnswer;
import dev.tapestry.node.box.BoxWork;
import dev.tapestry.node.box.DropBox;
import dev.tapestry.node.round.NodeAgent.Until;
import dev.tapestry.node.round.RoundGateway.Fetched;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;

/** A member whose text and compute have no network, and whose gateway has neither. */
final class ClosedSite implements AutoCloseable {

    final Path directory;
    final Stage stage;
    final Path text;
    final DropBox box;

    ClosedSite(Path directory) throws IOException {
        this.directory = directory;
        this.stage = new Stage(directory.resolve("gateway")).joined();
        this.text = withoutText(stage);
        this.box = new DropBox(directory.resolve("usb/box"));
    }

    /** Takes the text away from where the card is. */
    private Path withoutText(Stage from) throws IOException {
        Path elsewhere = Files.createDirectories(directory.resolve("compute/text"));
        Files.copy(from.corpus.resolve("card.yaml"), elsewhere.resolve("card.yaml"));
        Files.move(from.corpus.resolve("tales.txt"), elsewhere.resolve("tales.txt"));
        return elsewhere;
    }

    /** Announces the first round. */
    void announce() throws IOException {
        Digest base = stage.coordinator.adopt(stage.base("base", 1));
        stage.coordinator.announce(Stage.plan(1, base), 1);
    }

    /** What the gateway does before the box travels. */
    Fetched fetch() {
        try (Node node = stage.node()) {
            return node.gateway(box).fetch();
        }
    }

    /** What the gateway does when it is back. */
    BoxAnswer submit() {
        try (Node node = stage.node()) {
            return node.gateway(box).submit();
        }
    }

    /** The machine that has the text, at work. */
    BoxWork compute() {
        return compute(NodeProgress.silent(), new StopSignal());
    }

    BoxWork compute(NodeProgress progress, StopSignal stop) {
        return new BoxWork(
                box,
                text,
                new NodeHome(directory.resolve("compute/work")),
                BoxWork.Machine.asAsked(),
                progress,
                stop,
                InstantSource.system());
    }

    /** What a node with a network makes of the same round with the same text. */
    RoundView networked() throws IOException {
        try (Stage other = new Stage(directory.resolve("networked")).joined()) {
            Digest base = other.coordinator.adopt(other.base("base", 1));
            other.coordinator.announce(Stage.plan(1, base), 1);
            try (Node node = other.node()) {
                node.agent().run(Until.noRun());
            }
            assertThat(other.coordinator.scores).hasSize(1);
            return other.coordinator.view();
        }
    }

    /** The others go on without this member, whose contribution to round 1 is still taken. */
    void othersGoOn() throws IOException {
        Digest next = stage.coordinator.serve(stage.base("next", 2));
        stage.coordinator.othersPublish(stage.coordinator.view().plan().orElseThrow(), next);
        stage.coordinator.announce(Stage.plan(2, next), 2);
    }

    /** Cuts a file off, as a copy that broke off does. */
    static void truncate(Path file, long bytes) {
        try (RandomAccessFile open = new RandomAccessFile(copied(file).toFile(), "rw")) {
            open.setLength(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** In place of a second name of a file that is somebody else's too. */
    private static Path copied(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        Files.delete(file);
        return Files.write(file, bytes);
    }

    /** Edits a file, in which there must be something to edit. */
    static void replace(Path file, String pattern, String by) throws IOException {
        String before = Files.readString(file);
        String after = before.replaceAll(pattern, by);
        assertThat(after).isNotEqualTo(before);
        Files.writeString(file, after);
    }

    @Override
    public void close() {
        stage.close();
    }
}
