package dev.tapestry.node.trainer;

import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.access.OpenText;
import dev.tapestry.node.build.TrainingRun;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The engine in this process trains, and goes on while a contribution travels. */
final class EmbeddedTrainer implements RoundTrainer {

    private final EmbeddedTraining engine;
    private final NodeConfig config;
    private @Nullable OpenText ahead;

    EmbeddedTrainer(EmbeddedTraining engine, NodeConfig config) {
        this.engine = engine;
        this.config = config;
    }

    @Override
    public TrainingRun.Result train(RoundTask task, OpenText text, Path target) {
        if (ahead != null && !ahead.pack().equals(text.pack())) {
            rest(); // what was learnt from a text that is another one now does not count
        }
        try {
            TrainingRun.Result result =
                    engine.train(
                            task.steps(config.compute()),
                            task.base(),
                            text.train(),
                            target,
                            task.gradients(),
                            task.planDigest() + " " + text.pack());
            closeText();
            return result;
        } catch (RuntimeException e) {
            rest();
            throw e;
        }
    }

    @Override
    public void goOn(RoundTask task, int count, Supplier<OpenText> text) {
        if (ahead == null && task.announced().overlap().isPresent()) {
            OpenText own = text.get();
            if (engine.goOn(task.next(config.compute(), count), own.train())) {
                ahead = own;
            } else {
                own.close();
            }
        }
    }

    private void closeText() {
        if (ahead != null) {
            ahead.close();
            ahead = null;
        }
    }

    @Override
    public void rest() {
        engine.rest(); // before the text that it reads
        closeText();
    }

    @Override
    public void forget() {
        engine.forget();
    }
}
