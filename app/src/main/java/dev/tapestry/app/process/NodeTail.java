package dev.tapestry.app.process;

import dev.tapestry.node.NodeUpdate;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Follows one node's {@code metrics.jsonl} while the node writes it. */
public final class NodeTail {

    private final Path file;
    private long position;
    private long upBefore;
    private long downBefore;
    private long up;
    private long down;
    private Optional<NodeUpdate.Stepped> step = Optional.empty();
    private Optional<NodeUpdate.Phase> phase = Optional.empty();

    /** Follows {@code file}, which need not be there yet. */
    public NodeTail(Path file) {
        this.file = file;
    }

    /** Whole lines that were written since the last call. */
    public List<NodeUpdate> news() {
        if (!Files.exists(file)) {
            return List.of();
        }
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            byte[] fresh = new byte[(int) Math.max(0, in.length() - position)];
            in.seek(position);
            in.readFully(fresh);
            String text = new String(fresh, StandardCharsets.UTF_8);
            String whole = text.substring(0, text.lastIndexOf('\n') + 1);
            position += whole.getBytes(StandardCharsets.UTF_8).length;
            List<NodeUpdate> updates = new ArrayList<>();
            for (String line : whole.lines().toList()) {
                read(line).ifPresent(updates::add);
            }
            updates.forEach(this::remember);
            return updates;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A line that a killed node wrote half of is left out. */
    private static Optional<NodeUpdate> read(String line) {
        try {
            return Optional.of(
                    CanonicalJson.read(line.getBytes(StandardCharsets.UTF_8), NodeUpdate.class));
        } catch (TrustException e) {
            return Optional.empty();
        }
    }

    private void remember(NodeUpdate update) {
        if (update instanceof NodeUpdate.Stepped stepped) {
            step = Optional.of(stepped);
        } else if (update instanceof NodeUpdate.Began began) {
            phase = Optional.of(began.phase());
        } else if (update instanceof NodeUpdate.Transferred moved) {
            if (moved.up() < up || moved.down() < down) { // the node was started again
                upBefore += up;
                downBefore += down;
            }
            up = moved.up();
            down = moved.down();
        }
    }

    /** Bytes that have left the node, over all its processes. */
    public long up() {
        return upBefore + up;
    }

    /** Bytes that have reached the node, over all its processes. */
    public long down() {
        return downBefore + down;
    }

    /** The node starts: what was heard of an earlier process is not what it is doing now. */
    public void starts() {
        phase = Optional.empty();
        step = Optional.empty();
    }

    /** What the node is doing, in a few words. */
    public String doing() {
        if (phase.equals(Optional.of(NodeUpdate.Phase.TRAINING)) && step.isPresent()) {
            NodeUpdate.Stepped s = step.get();
            return "step %d/%d, %.1fk tok/s, loss %.2f"
                    .formatted(s.step(), s.steps(), s.tokensPerSecond() / 1000, s.natsPerToken());
        }
        return phase.map(begun -> begun.name().toLowerCase(Locale.ROOT)).orElse("starting");
    }
}
