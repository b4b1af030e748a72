package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

/**
 * Lets a tuner learn for so many steps, scores it on the way on what it does not learn from, and
 * keeps the best. Called again on the same directory it goes on where it was stopped or killed,
 * with the same results as if it had not been.
 *
 * <pre>
 * DIRECTORY/state.safetensors  the tuner as it was last kept
 * DIRECTORY/best.safetensors   as it was when the held-out loss was least
 * DIRECTORY/scores.json        the held-out losses, by step
 * </pre>
 *
 * @param steps the most
 * @param scoreEvery steps between two scores; also what a crash loses at most
 * @param patience ends when so many scores in a row were not better than the best; 0 for never
 */
public record TuningRun(long steps, long scoreEvery, int patience) {

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String STATE = "state.safetensors";
    private static final String BEST = "best.safetensors";
    private static final String SCORES = "scores.json";

    public TuningRun {
        if (steps < 1 || scoreEvery < 1 || patience < 0) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "run: steps %d, scoreEvery %d or patience %d is out of range"
                            .formatted(steps, scoreEvery, patience));
        }
    }

    /** The held-out loss after so many steps. */
    public record Score(long step, double loss) {}

    /**
     * How it ended.
     *
     * @param scores one for each time it was scored, before the first step too
     * @param best the least, whose weights the tuner has now
     * @param ended why there was no further step
     */
    public record Outcome(List<Score> scores, Score best, End ended) {}

    /** Why a run ends. */
    public enum End {
        /** All steps were taken. */
        FINISHED,
        /** The held-out loss no longer fell. */
        NO_LONGER_BETTER,
        /** The caller asked; call again to go on. */
        STOPPED
    }

    /** Begins a tuner, or resumes one from a checkpoint. */
    public interface Tuners {
        /** A new one. */
        Tuner begin();

        /** As {@link Tuner#resume}. */
        Tuner resume(Path checkpoint);
    }

    /**
     * Runs, and gives the best tuner to {@code result} (if the run is stopped: the last one).
     *
     * @param directory made if it is not there
     * @param heldOut the loss of a model on what is held out
     * @param told after each step
     * @param stop asked after each step; true ends the run
     * @param result uses the tuner, which is closed afterwards
     */
    public <T> T run(
            Path directory,
            Tuners tuners,
            ToDoubleFunction<Llama> heldOut,
            Consumer<Tuner.Report> told,
            BooleanSupplier stop,
            Function<Finished, T> result) {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new TrainingException(Code.IO, "cannot make " + directory + ": " + e, e);
        }
        Path state = directory.resolve(STATE);
        List<Score> scores = new ArrayList<>(read(directory.resolve(SCORES)));
        End end;
        Tuner tuner = Files.exists(state) ? tuners.resume(state) : tuners.begin();
        try (Tuner open = tuner) {
            // A crash between the two files leaves a score too many.
            scores.removeIf(score -> score.step() > open.steps());
            end = learn(directory, open, scores, heldOut, told, stop);
            if (end == End.STOPPED || best(scores).step() == open.steps()) {
                return result.apply(
                        new Finished(open, new Outcome(List.copyOf(scores), best(scores), end)));
            }
        }
        try (Tuner open = tuners.resume(directory.resolve(BEST))) {
            return result.apply(
                    new Finished(open, new Outcome(List.copyOf(scores), best(scores), end)));
        }
    }

    /** A tuner with what came of its run. */
    public record Finished(Tuner tuner, Outcome outcome) {}

    private End learn(
            Path directory,
            Tuner tuner,
            List<Score> scores,
            ToDoubleFunction<Llama> heldOut,
            Consumer<Tuner.Report> told,
            BooleanSupplier stop) {
        if (scores.isEmpty()) {
            score(directory, tuner, scores, heldOut);
        }
        while (tuner.steps() < steps) {
            if (hopeless(scores)) {
                return End.NO_LONGER_BETTER;
            }
            told.accept(tuner.step());
            if (tuner.steps() % scoreEvery == 0 || tuner.steps() == steps) {
                score(directory, tuner, scores, heldOut);
            }
            if (tuner.steps() < steps && stop.getAsBoolean()) {
                tuner.saveCheckpoint(directory.resolve(STATE));
                return End.STOPPED;
            }
        }
        return End.FINISHED;
    }

    private void score(
            Path directory, Tuner tuner, List<Score> scores, ToDoubleFunction<Llama> heldOut) {
        Score score = new Score(tuner.steps(), heldOut.applyAsDouble(tuner.model()));
        scores.add(score);
        if (best(scores).equals(score)) {
            tuner.saveCheckpoint(directory.resolve(BEST));
        }
        write(directory.resolve(SCORES), scores);
        tuner.saveCheckpoint(directory.resolve(STATE));
    }

    private boolean hopeless(List<Score> scores) {
        long since = scores.size() - 1L - scores.indexOf(best(scores));
        return patience > 0 && since >= patience;
    }

    /** Of equal ones the first. */
    private static Score best(List<Score> scores) {
        Score best = scores.getFirst();
        for (Score score : scores) {
            if (score.loss() < best.loss()) {
                best = score;
            }
        }
        return best;
    }

    private static List<Score> read(Path file) {
        if (!Files.exists(file)) {
            return List.of();
        }
        try {
            List<Score> scores = new ArrayList<>();
            for (JsonNode entry : JSON.readTree(Files.readAllBytes(file))) {
                scores.add(new Score(entry.path("step").asLong(), entry.path("loss").asDouble()));
            }
            return scores;
        } catch (JacksonException e) {
            throw new TrainingException(
                    Code.WRONG_CHECKPOINT, file + " is damaged: begin the run again elsewhere", e);
        } catch (IOException e) {
            throw new TrainingException(Code.IO, "cannot read " + file + ": " + e, e);
        }
    }

    private static void write(Path file, List<Score> scores) {
        ArrayNode array = JSON.createArrayNode();
        scores.forEach(
                score -> array.addObject().put("step", score.step()).put("loss", score.loss()));
        Path part = file.resolveSibling("." + file.getFileName() + ".part");
        try {
            Files.write(part, JSON.writeValueAsString(array).getBytes(StandardCharsets.UTF_8));
            Files.move(
                    part,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new TrainingException(Code.IO, "cannot write " + file + ": " + e, e);
        }
    }
}
