package dev.tapestry.node.box;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.trainer.JobDirectory;
import dev.tapestry.node.trainer.JobFiles;
import dev.tapestry.node.trainer.TrainingJob;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.Manifests;
import dev.tapestry.weights.WeightsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The directory that is carried; the package describes it. Whatever comes out of it is foreign.
 *
 * @param path of the directory
 */
public record DropBox(Path path) {

    public DropBox {
        path = path.toAbsolutePath().normalize();
    }

    /** What a trainer finds and leaves. */
    public JobDirectory directory() {
        return new JobDirectory(path);
    }

    Path label() {
        return path.resolve("box.json");
    }

    private Path plan() {
        return path.resolve("plan.json");
    }

    private Path scoring() {
        return path.resolve("score.json");
    }

    Path candidate() {
        return path.resolve("candidate");
    }

    Path scored() {
        return path.resolve("scored.json");
    }

    Path answer() {
        return path.resolve("answer.json");
    }

    /**
     * Makes the directory a member's box, unless it is. What is not a box is left alone.
     *
     * @throws NodeException {@code NOT_A_BOX}, {@code OTHER_MEMBER}, {@code STORAGE}
     */
    public void claim(BoxLabel mine) {
        try {
            Files.createDirectories(path);
            if (Files.exists(label())) {
                requireOf(mine);
            } else if (!listed().isEmpty()) {
                throw new NodeException(
                        Code.NOT_A_BOX,
                        "%s holds something else, which would be in the way; name a directory that is empty or not there yet"
                                .formatted(path));
            }
            if (!Files.exists(label()) || !read().equals(mine)) {
                JobFiles.write(label(), CanonicalJson.write(mine));
            }
        } catch (IOException e) {
            throw storage("make a box of", e);
        }
    }

    /**
     * Whose box it is.
     *
     * @throws NodeException {@code NOT_A_BOX}
     */
    public BoxLabel read() {
        if (!Files.exists(label())) {
            throw new NodeException(
                    Code.NOT_A_BOX,
                    "%s holds no round (no box.json); 'tapestry round fetch' makes it, and it is carried as a whole"
                            .formatted(path));
        }
        try {
            BoxLabel label = JobFiles.read(label(), BoxLabel.class);
            requireVersion(label(), label.protocol());
            return label;
        } catch (TrustException e) {
            throw new NodeException(Code.NOT_A_BOX, label() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Refuses the box of somebody else.
     *
     * @throws NodeException {@code NOT_A_BOX}, {@code OTHER_MEMBER}
     */
    public void requireOf(BoxLabel mine) {
        BoxLabel found = read();
        if (!found.sameOwner(mine)) {
            throw new NodeException(
                    Code.OTHER_MEMBER,
                    "%s is the box of '%s' of '%s', not of '%s' of '%s'"
                            .formatted(
                                    path,
                                    found.member(),
                                    found.consortium(),
                                    mine.member(),
                                    mine.consortium()));
        }
    }

    /** Whether this job, and no other, is laid out completely, with its base as it was. */
    public boolean holds(TrainingJob job) {
        return Files.exists(directory().job())
                && readable(() -> training().sameWork(job))
                && isModel(directory().base(), job.base());
    }

    /** The same for a candidate. */
    public boolean holds(ScoringJob job) {
        return isToScore()
                && readable(() -> toScore().sameWork(job))
                && isModel(directory().base(), job.base())
                && isModel(candidate(), job.candidate());
    }

    private static boolean readable(BooleanSupplier question) {
        try {
            return question.getAsBoolean();
        } catch (NodeException e) {
            return false; // damaged: it is laid out anew
        }
    }

    /**
     * Lays out what is to be trained, in place of what lay here; {@code job.json} comes last.
     *
     * @param text none where it lies elsewhere
     * @throws NodeException {@code STORAGE}
     */
    public void layOut(
            TrainingJob job,
            RoundPlan plan,
            Path base,
            Optional<Path> correction,
            Optional<OpenText> text) {
        clear(job.base());
        JobFiles.write(plan(), CanonicalJson.write(plan));
        directory().fill(job, base, correction, text);
    }

    /** Lays out what is to be scored, in place of what lay here; {@code score.json} comes last. */
    public void layOut(ScoringJob job, RoundPlan plan, Path base, Path model) {
        clear(job.base());
        JobFiles.write(plan(), CanonicalJson.write(plan));
        try {
            if (!Files.exists(directory().base())) {
                JobDirectory.give(base, directory().base());
            }
            JobDirectory.give(model, candidate());
        } catch (IOException e) {
            throw storage("lay out a candidate in", e);
        }
        JobFiles.write(scoring(), CanonicalJson.write(job));
    }

    /** Removes all that this class or a trainer puts here, the orders first; not what is kept. */
    private void clear(Digest base) {
        try {
            Drafts.delete(directory().job());
            Drafts.delete(scoring());
            results().clearTrained();
            for (Path old :
                    List.of(
                            scored(),
                            answer(),
                            plan(),
                            candidate(),
                            directory().correction(),
                            directory().corpus())) {
                Drafts.delete(old);
            }
            Drafts.sweep(path);
            if (!isModel(directory().base(), base)) {
                Drafts.delete(directory().base());
            }
        } catch (IOException e) {
            throw storage("clear", e);
        }
    }

    /** Whether there is something to do. */
    public boolean hasOrders() {
        return isToScore() || Files.exists(directory().job());
    }

    /**
     * Whether the round is to be scored; otherwise it is to be trained, or nothing is to be done.
     */
    public boolean isToScore() {
        return Files.exists(scoring());
    }

    /**
     * What is to be trained.
     *
     * @throws NodeException {@code BOX_INCOMPLETE}, {@code BOX_DAMAGED}
     */
    public TrainingJob training() {
        requireThere(directory().job(), "what is to be trained");
        try {
            return TrainingJob.read(directory().job());
        } catch (NodeException e) {
            throw damaged(String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * What is to be scored.
     *
     * @throws NodeException {@code BOX_INCOMPLETE}, {@code BOX_DAMAGED}
     */
    public ScoringJob toScore() {
        requireThere(scoring(), "what is to be scored");
        ScoringJob job = document(scoring(), ScoringJob.class);
        requireVersion(scoring(), job.protocol());
        return job;
    }

    /**
     * The round's plan.
     *
     * @param digest that the orders name
     * @throws NodeException {@code BOX_INCOMPLETE}, {@code BOX_DAMAGED}
     */
    public RoundPlan plan(Digest digest) {
        requireThere(plan(), "the round's plan");
        RoundPlan plan = document(plan(), RoundPlan.class);
        if (!CanonicalJson.digest(plan).equals(digest)) {
            throw damaged(plan() + " is not the plan that the orders name", null);
        }
        return plan;
    }

    /**
     * A model that lies here, as it left.
     *
     * @throws NodeException {@code BOX_INCOMPLETE}, {@code BOX_DAMAGED}
     */
    public Path model(Path folder, Digest digest) {
        requireThere(folder, "a model");
        if (!isModel(folder, digest)) {
            throw damaged(
                    "%s is not the model %s: it was changed, or copied in part; copy it once more"
                            .formatted(folder, digest.abbreviated()),
                    null);
        }
        return folder;
    }

    /** Whether somebody has begun to train. */
    public boolean isBegun() {
        return Files.exists(directory().metrics());
    }

    /** Whether somebody says that results are whole. */
    public boolean isDone() {
        return isToScore() ? Files.exists(scored()) : Files.exists(directory().done());
    }

    /** What comes back in it. */
    public BoxResults results() {
        return new BoxResults(this);
    }

    /** What became of it, if anybody has said. */
    public Optional<BoxAnswer> answered() {
        try {
            return Files.exists(answer())
                    ? Optional.of(JobFiles.read(answer(), BoxAnswer.class))
                    : Optional.empty();
        } catch (TrustException _) {
            return Optional.empty(); // damaged: it is answered anew
        }
    }

    /** Says what became of it. */
    public void answer(BoxAnswer word) {
        JobFiles.write(answer(), CanonicalJson.write(word));
    }

    private static boolean isModel(Path folder, Digest digest) {
        try {
            return Files.isDirectory(folder)
                    && CanonicalJson.digest(Manifests.of(folder)).equals(digest);
        } catch (WeightsException | IllegalArgumentException e) {
            return false;
        }
    }

    static <T> T document(Path file, Class<T> type) {
        try {
            return JobFiles.read(file, type);
        } catch (TrustException e) {
            throw damaged(file + ": " + e.getMessage(), e);
        }
    }

    void requireThere(Path file, String what) {
        if (!Files.exists(file)) {
            throw new NodeException(
                    Code.BOX_INCOMPLETE,
                    "%s does not hold %s: there is no %s; if it was copied, copy it once more"
                            .formatted(path, what, file.getFileName()));
        }
    }

    private static void requireVersion(Path file, int protocol) {
        if (protocol != Protocol.VERSION) {
            throw damaged(
                    "%s is of protocol %d; this program speaks %d: upgrade the older one"
                            .formatted(file, protocol, Protocol.VERSION),
                    null);
        }
    }

    private List<Path> listed() throws IOException {
        try (Stream<Path> files = Files.list(path)) {
            return files.toList();
        }
    }

    static NodeException damaged(String what, @Nullable Throwable cause) {
        return new NodeException(Code.BOX_DAMAGED, what, cause);
    }

    NodeException storage(String what, IOException e) {
        return new NodeException(Code.STORAGE, "cannot " + what + " " + path + ": " + e, e);
    }
}
