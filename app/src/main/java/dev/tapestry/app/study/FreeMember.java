package dev.tapestry.app.study;

import dev.tapestry.aggregation.weighting.Apportionment.Trained;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * A member that waits for nobody. It lives on a clock whose tick is the time in which the fastest
 * member does a step.
 */
final class FreeMember implements AutoCloseable {

    /** Of a step: a third and a third and a third are one. */
    private static final double ROUNDING = 1e-9;

    private final Learner learner;
    private final Lines.Down down;
    private final double share;
    private final int interval;
    private final Path folder;

    private long steps;
    private long readyFrom;
    private long nextWord;
    private boolean ready;

    /** What it started from, and which of the coordinator's bases that is. */
    private Path start;

    private int version;

    /** What everybody shares, as this member knows it; empty where nothing is shared. */
    private Optional<Path> shared;

    /** What it shares itself, as the coordinator knows it; empty before the first time. */
    private Optional<Path> own = Optional.empty();

    private long stepsContributed;

    /**
     * A member at the beginning of a simulation.
     *
     * @param share of the fastest member's steps that it does in the same time
     * @param interval steps until it is ready
     * @param folder that exists, for what it starts from
     */
    FreeMember(
            Learner learner,
            Lines.Down down,
            double share,
            int interval,
            Path folder,
            Path start,
            Optional<Path> shared) {
        this.learner = learner;
        this.down = down;
        this.share = share;
        this.interval = interval;
        this.folder = folder;
        this.start = start;
        this.shared = shared;
        this.nextWord = tickOf(interval);
    }

    MemberId member() {
        return learner.member();
    }

    /** Steps that it has done by a tick, if the clock has come so far. */
    long stepsBy(long tick) {
        return (long) (tick * share + ROUNDING);
    }

    private long tickOf(long step) {
        return (long) Math.ceil(step / share - ROUNDING);
    }

    /** When it next says that it is ready; never, while it is. */
    long nextWord() {
        return ready ? Long.MAX_VALUE : nextWord;
    }

    boolean isReady() {
        return ready;
    }

    /** It says that it is ready, and is heard or not. */
    void says(boolean heard) {
        ready = heard;
        readyFrom += interval;
        nextWord = tickOf(readyFrom + interval);
    }

    /** Trains until a tick; the schedule of its learning rate is the consortium's. */
    void trainUntil(long tick, long scheduleTokens) {
        learner.scheduleAt(scheduleTokens);
        steps += learner.train(Math.toIntExact(stepsBy(tick) - steps));
    }

    /** What is new of it. */
    Trained notMerged(long tokensPerStep) {
        return new Trained(learner.stepsNotMerged() * tokensPerStep, learner.stepsNotMerged());
    }

    /** How much what it shares counts: all its steps that are in it. */
    long stepsContributed() {
        return stepsContributed;
    }

    /** What it shares beside weights, as the coordinator knows it. */
    Optional<Path> own() {
        return own;
    }

    /**
     * Contributes what it has.
     *
     * @param current the coordinator's base, and its number
     * @param whole whether a base comes to members as it is
     * @return its weights as if it had started from the current base
     */
    Path contribute(ModelDirectory current, int number, boolean whole, Path merge) {
        try (ModelDirectory before = ModelDirectory.open(start)) {
            own =
                    shared.map(place -> {
                        try (ModelDirectory last = ModelDirectory.open(place)) {
                            return learner.contributeShared(before, last, merge);
                        }
                    });
            stepsContributed += learner.stepsNotMerged();
            Path seen = learner.contribute(before, before.tensors().keySet(), merge);
            if (whole && version == number) {
                return seen;
            }
            Path moved = merge.resolve("moved-from-" + member());
            try (ModelDirectory trained = ModelDirectory.open(seen)) {
                Update.between(before, trained).writeOnto(current, moved);
            }
            return moved;
        }
    }

    /** Goes on from what a merge made of its contribution. */
    void receive(Path candidate, int number, Optional<Path> everybodys) throws IOException {
        Path fresh = Files.createDirectories(folder.resolve(String.valueOf(number)));
        if (everybodys.isPresent()) {
            Path last = shared.orElseThrow();
            try (ModelDirectory before = ModelDirectory.open(last)) {
                shared =
                        Optional.of(
                                down.shared()
                                        .carry(
                                                before,
                                                everybodys.get(),
                                                before.tensors().keySet(),
                                                fresh.resolve("shared")));
            }
            try (ModelDirectory mean = ModelDirectory.open(shared.get())) {
                learner.receiveShared(mean);
            }
        }
        try (ModelDirectory before = ModelDirectory.open(start)) {
            Set<String> all = before.tensors().keySet();
            start = down.base().carry(before, candidate, all, fresh.resolve("base"));
            try (ModelDirectory base = ModelDirectory.open(start)) {
                learner.receive(base, all);
            }
        }
        Drafts.delete(folder.resolve(String.valueOf(version)));
        version = number;
        ready = false;
        readyFrom = steps;
        nextWord = tickOf(readyFrom + interval);
    }

    /** Bytes that it sent. */
    long uploaded() {
        return learner.uploaded();
    }

    /** Bytes that it received. */
    long downloaded() {
        return down.bytes();
    }

    @Override
    public void close() {
        learner.close();
    }
}
