package dev.tapestry.node.box;

import dev.tapestry.consortium.protocol.ScoreReport;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.trainer.JobDirectory.Output;
import dev.tapestry.node.trainer.JobDone;
import dev.tapestry.node.trainer.JobFiles;
import dev.tapestry.node.trainer.TrainingJob;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What comes back in a box: what was trained, or what was scored. Whoever has the box may have put
 * it there.
 *
 * @param box in which it lies
 */
public record BoxResults(DropBox box) {

    private Path sums() {
        return box.path().resolve("results.sha256");
    }

    /**
     * What lies here as results, to be compared with what lay here before; empty if nothing does,
     * or not all of it.
     */
    public List<String> stamp() {
        List<String> stamp = new ArrayList<>();
        try {
            for (Path file : box.isDone() ? files() : List.<Path>of()) {
                stamp.add(
                        "%s %d %s"
                                .formatted(
                                        file.getFileName(),
                                        Files.size(file),
                                        Files.getLastModifiedTime(file)));
            }
            return stamp;
        } catch (IOException _) {
            return List.of(); // it is being replaced
        }
    }

    /**
     * Refuses results that are not whole, as far as can be told from outside: what was trained is
     * looked at where it is taken out.
     *
     * @throws NodeException {@code BOX_INCOMPLETE}, {@code BOX_DAMAGED}
     */
    public void requireTrained() {
        box.requireThere(box.directory().done(), "a result, or not all of it");
        if (Files.exists(sums())) {
            Sums.require(sums(), files());
        }
    }

    /** Says that what was trained is whole: {@code done.json} is written last. */
    void seal(JobDone done) {
        byte[] last = CanonicalJson.write(done);
        List<Path> before = new ArrayList<>(files());
        before.remove(box.directory().done());
        Sums.write(sums(), before, box.directory().done(), last);
        JobFiles.write(box.directory().done(), last);
    }

    /** What was trained here for these orders, if it is whole: otherwise it is trained again. */
    Optional<JobDone> trained(TrainingJob job) {
        if (!Files.exists(sums()) || !box.isDone()) {
            return Optional.empty();
        }
        try {
            requireTrained();
            return Optional.of(JobDone.of(box.directory(), job));
        } catch (NodeException e) {
            return Optional.empty();
        }
    }

    /** What is carried back of a training, the order that it followed included. */
    private List<Path> files() {
        if (box.isToScore()) {
            return List.of(box.scored());
        }
        List<Path> files = new ArrayList<>(List.of(box.directory().job(), box.directory().done()));
        files.addAll(box.directory().files(Output.WEIGHTS));
        files.addAll(box.directory().files(Output.GRADIENT));
        return files;
    }

    /** Removes what was trained, and what was said of it; the orders stay. */
    void drop() {
        try {
            clearTrained();
            Drafts.delete(box.answer());
        } catch (IOException e) {
            throw box.storage("clear", e);
        }
    }

    /** What says that results are whole goes before them. */
    void clearTrained() throws IOException {
        Drafts.delete(box.directory().done());
        Drafts.delete(sums());
        box.directory().clearOutputs();
    }

    /**
     * What was scored.
     *
     * @throws NodeException {@code BOX_INCOMPLETE}; {@code BOX_DAMAGED}, also if it is of another
     *     candidate
     */
    public ScoreReport scored(ScoringJob job) {
        box.requireThere(box.scored(), "a score (scored.json)");
        ScoreReport report = DropBox.document(box.scored(), ScoreReport.class);
        if (!report.round().equals(job.round())
                || !report.member().equals(job.member())
                || !report.candidate().equals(job.candidate())) {
            throw DropBox.damaged(box.scored() + " is of another candidate than score.json", null);
        }
        return report;
    }

    /** Says that a score is whole. */
    void seal(ScoreReport report) {
        JobFiles.write(box.scored(), CanonicalJson.write(report));
    }
}
