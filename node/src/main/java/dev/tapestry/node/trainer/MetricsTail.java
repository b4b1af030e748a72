package dev.tapestry.node.trainer;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code metrics.jsonl} while it grows. A file that has become shorter is one that the
 * trainer began anew. Memory is bounded, whatever is written.
 */
final class MetricsTail {

    private static final int LONGEST_LINE = 4096;
    private static final int AT_ONCE = 1 << 16;

    private final Path file;
    private final TrainingJob job;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private long offset;
    private int lines;
    private int lastStep;

    MetricsTail(Path file, TrainingJob job) {
        this.file = file;
        this.job = job;
    }

    /**
     * What was written since the last call; at most 64 KiB of it.
     *
     * @throws NodeException {@code TRAINER_OUTPUT}, with the line's number
     */
    List<JobStep> more() {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return List.of();
        }
        if (!JobFiles.plain(file)) {
            throw refused("is no plain file: links and pipes are not followed", null);
        }
        ByteBuffer bytes = ByteBuffer.allocate(AT_ONCE);
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            if (channel.size() < offset) {
                beginAnew();
            }
            channel.read(bytes, offset);
        } catch (IOException e) {
            throw refused("cannot be read: " + e, e);
        }
        offset += bytes.position();
        return steps(bytes.flip());
    }

    /** All that is left; the last line needs no end. */
    List<JobStep> rest() {
        List<JobStep> steps = new ArrayList<>();
        for (long before = -1; before != offset; ) {
            before = offset;
            steps.addAll(more());
        }
        if (line.size() > 0) {
            steps.add(step());
        }
        if (lastStep != job.steps()) {
            throw refused(
                    "ends with step %d; the round has %d".formatted(lastStep, job.steps()), null);
        }
        return steps;
    }

    private void beginAnew() {
        offset = 0;
        lines = 0;
        lastStep = 0;
        line.reset();
    }

    private List<JobStep> steps(ByteBuffer bytes) {
        List<JobStep> steps = new ArrayList<>();
        while (bytes.hasRemaining()) {
            byte next = bytes.get();
            if (next == '\n') {
                steps.add(step());
            } else if (line.size() == LONGEST_LINE) {
                throw refused("line %d is longer than 4096 bytes".formatted(lines + 1), null);
            } else {
                line.write(next);
            }
        }
        return steps;
    }

    private JobStep step() {
        lines++;
        JobStep step;
        try {
            step = CanonicalJson.read(line.toByteArray(), JobStep.class);
        } catch (TrustException e) {
            throw refused("line %d: %s".formatted(lines, e.getMessage()), e);
        }
        line.reset();
        if (step.step() <= lastStep || step.step() > job.steps() || step.tokens() > job.tokens()) {
            throw refused(
                    "line %d has step %d of %d with %d of %d tokens, after step %d"
                            .formatted(
                                    lines,
                                    step.step(),
                                    job.steps(),
                                    step.tokens(),
                                    job.tokens(),
                                    lastStep),
                    null);
        }
        lastStep = step.step();
        return step;
    }

    private NodeException refused(String what, @Nullable Exception cause) {
        return new NodeException(Code.TRAINER_OUTPUT, file + " " + what, cause);
    }
}
