package dev.tapestry.node.trainer;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.access.SharedFile;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where a node and a trainer meet.
 *
 * <pre>
 * in    job.json             what to train, see {@link TrainingJob}
 *       base/                the model to train from; read-only
 *       corpus/              train.tokens and card.yaml; read-only
 *       correction/          what is added to every gradient, laid out as base/, if the job says so; read-only
 * out   model.safetensors    or model-*.safetensors: the tensors of the base
 *       gradient.safetensors or gradient-*.safetensors: the mean gradient of each, if it is asked
 *       metrics.jsonl        a line for each step: {"loss":3.1,"step":1,"tokens":4096}
 *       done.json            written last: {"meanLoss":3.0,"steps":100,"tokens":409600}
 *       trainer.log          what the command prints
 * keep  state/               the trainer's own, from round to round
 * </pre>
 *
 * @param path of the directory
 */
public record JobDirectory(Path path) {

    private static final String STATE = "state";
    private static final String TENSORS = "(-.*)?\\.safetensors";

    /** What a trainer makes of each tensor of the base. */
    public enum Output {
        /** What it has become. */
        WEIGHTS("model"),
        /** The mean of its gradients. */
        GRADIENT("gradient");

        private final String stem;

        Output(String stem) {
            this.stem = stem;
        }

        /** What the names of its files begin with, up to a dot or a hyphen. */
        public String stem() {
            return stem;
        }
    }

    public JobDirectory {
        path = path.toAbsolutePath().normalize();
    }

    /** {@code job.json}. */
    public Path job() {
        return path.resolve("job.json");
    }

    /** The model to train from. */
    public Path base() {
        return path.resolve("base");
    }

    /** What is added to every gradient. */
    public Path correction() {
        return path.resolve("correction");
    }

    /** Token shard and card. */
    public Path corpus() {
        return path.resolve("corpus");
    }

    /** The trainer's own, from round to round. */
    public Path state() {
        return path.resolve(STATE);
    }

    /** A line for each step. */
    public Path metrics() {
        return path.resolve("metrics.jsonl");
    }

    /** Written last. */
    public Path done() {
        return path.resolve("done.json");
    }

    /** What the command prints. */
    public Path log() {
        return path.resolve("trainer.log");
    }

    /** The files with what was made of each tensor, in the order of their names. */
    public List<Path> files(Output output) {
        try (Stream<Path> files = Files.list(path)) {
            return files.filter(file -> isOf(output, file)).sorted().toList();
        } catch (IOException e) {
            throw storage("read", e);
        }
    }

    /** Whether this job, and no other, was laid out here completely. */
    boolean holds(TrainingJob job) {
        try {
            byte[] expected = job.bytes();
            return JobFiles.plain(job())
                    && Files.size(job()) == expected.length
                    && Arrays.equals(Files.readAllBytes(job()), expected);
        } catch (IOException e) {
            throw storage("read", e);
        }
    }

    /**
     * Clears everything but the trainer's state, and lays out a job; its description comes last.
     */
    void layOut(TrainingJob job, Path model, Optional<Path> correction, OpenText text) {
        try {
            Files.createDirectories(path);
            for (Path old : listed()) {
                if (!old.equals(state())) {
                    Drafts.delete(old);
                }
            }
            fill(job, model, correction, Optional.of(text));
        } catch (IOException e) {
            throw storage("lay out the job in", e);
        }
    }

    /**
     * Lays out a job where nothing of one lies, but perhaps its base; its description comes last.
     *
     * @param text none where it lies elsewhere
     */
    public void fill(
            TrainingJob job, Path model, Optional<Path> correction, Optional<OpenText> text) {
        try {
            Files.createDirectories(state());
            if (!Files.exists(base())) {
                give(model, base());
            }
            if (correction.isPresent()) {
                give(correction.get(), correction());
            }
            if (text.isPresent()) {
                Files.createDirectory(corpus());
                text.get().giveTraining(corpus());
            }
            describe(job);
        } catch (IOException e) {
            throw storage("lay out the job in", e);
        }
    }

    /** Gives whoever trains the files of a folder, read-only; they are on the disk then. */
    public static void give(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                SharedFile.give(file, to.resolve(file.getFileName()));
            }
        }
        Drafts.syncFiles(to);
    }

    /**
     * Writes {@code job.json}: all that it speaks of is there.
     *
     * @throws NodeException {@code STORAGE}
     */
    public void describe(TrainingJob job) {
        JobFiles.write(job(), job.bytes());
    }

    /** Lets whoever looks see that somebody trains, before there is a step to tell of. */
    public void begin() {
        try {
            Files.writeString(metrics(), "", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw storage("write the metrics in", e);
        }
    }

    /** Appends a line to {@code metrics.jsonl} for each step that it hears of. */
    public NodeProgress telling(TrainingJob job) {
        long tokens = (long) job.batchSequences() * job.sequenceLength();
        return update -> {
            if (update instanceof NodeUpdate.Stepped step) {
                JobStep line = new JobStep(step.step(), step.step() * tokens, step.natsPerToken());
                String text = new String(CanonicalJson.write(line), StandardCharsets.UTF_8) + "\n";
                try {
                    Files.writeString(
                            metrics(), text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                } catch (IOException e) {
                    throw storage("write the metrics in", e);
                }
            }
        };
    }

    /** Deletes what an earlier attempt left, so that nothing of it is taken for the next one's. */
    public void clearOutputs() {
        try {
            Drafts.delete(done()); // first: it says that all else is whole
            Drafts.syncFolder(path);
            for (Path old : listed()) {
                if (isOf(Output.WEIGHTS, old)
                        || isOf(Output.GRADIENT, old)
                        || old.equals(metrics())
                        || old.equals(log())) {
                    Drafts.delete(old);
                }
            }
            Files.createDirectories(state());
        } catch (IOException e) {
            throw storage("clear", e);
        }
    }

    private List<Path> listed() throws IOException {
        try (Stream<Path> files = Files.list(path)) {
            return files.toList();
        }
    }

    private static boolean isOf(Output output, Path file) {
        return file.getFileName().toString().matches(output.stem() + TENSORS);
    }

    private NodeException storage(String what, IOException e) {
        return new NodeException(Code.STORAGE, "cannot " + what + " " + path + ": " + e, e);
    }
}
