package dev.tapestry.node.round;

import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.Activity.Doing;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.Visibility;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.trust.TrustException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Tells the coordinator what the node is doing, so that the others know for what they wait. On a
 * thread of its own: work never waits for it, and what cannot be told is left out. A member that is
 * told here that it was revoked works no further: nobody takes what it would train.
 */
public final class ActivityTeller implements NodeProgress, AutoCloseable {

    /** New work is told at once, but no more often than this. */
    private static final Duration SHORTEST = Duration.ofSeconds(1);

    /** Steps of the same work are told so often. */
    private static final Duration STEPS = Duration.ofSeconds(10);

    private static final long MIB = 1L << 20;

    private final CoordinatorClient client;
    private final Visibility visibility;
    private final StopSignal stop;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private @Nullable Activity due;
    private @Nullable Activity told;
    private @Nullable Thread thread;
    private boolean closed;

    /** Tells what {@code visibility} allows. */
    public ActivityTeller(CoordinatorClient client, Visibility visibility, StopSignal stop) {
        this.client = client;
        this.visibility = visibility;
        this.stop = stop;
    }

    @Override
    public void on(NodeUpdate update) {
        if (visibility == Visibility.NOTHING) {
            return;
        }
        lock.lock();
        try {
            Optional<Activity> next = activity(update);
            if (closed || next.isEmpty()) {
                return;
            }
            due = next.get();
            changed.signalAll();
            if (thread == null) {
                thread = Thread.ofVirtual().name("activity").start(this::work);
            }
        } finally {
            lock.unlock();
        }
    }

    private Optional<Activity> activity(NodeUpdate update) {
        return switch (update) {
            case NodeUpdate.Began began ->
                    doing(began.phase()).map(doing -> Activity.of(began.round(), doing, 0, 0));
            case NodeUpdate.Stepped step ->
                    Optional.of(
                            Activity.of(step.round(), Doing.TRAINING, step.step(), step.steps()));
            case NodeUpdate.Advanced it ->
                    doing(it.phase())
                            .map(doing -> Activity.of(it.round(), doing, count(it.done()), 0));
            case NodeUpdate.Transferred moved -> moved(moved.up() + moved.down());
            case NodeUpdate.Hindered it ->
                    Optional.of(trouble(it.round(), Doing.HINDERED, it.code(), it.reason()));
            case NodeUpdate.Declined it ->
                    Optional.of(
                            trouble(it.round().value(), Doing.DECLINED, it.code(), it.reason()));
            default -> Optional.empty();
        };
    }

    /** Headway of what is on its way, where something is. */
    private Optional<Activity> moved(long bytes) {
        Activity now = due;
        return Optional.ofNullable(now)
                .filter(it -> it.doing() == Doing.RECEIVING || it.doing() == Doing.SENDING)
                .map(it -> Activity.of(it.round(), it.doing(), count(bytes / MIB), 0));
    }

    private static int count(long many) {
        return (int) Math.min(many, Integer.MAX_VALUE);
    }

    private static Optional<Doing> doing(NodeUpdate.Phase phase) {
        return switch (phase) {
            case WAITING -> Optional.of(Doing.WAITING);
            case RECEIVING -> Optional.of(Doing.RECEIVING);
            case PACKING -> Optional.of(Doing.PACKING);
            case TRAINING -> Optional.of(Doing.TRAINING);
            case SENDING -> Optional.of(Doing.SENDING);
            case SCORING -> Optional.of(Doing.SCORING);
            case VERIFYING -> Optional.of(Doing.VERIFYING);
            case BUILDING -> Optional.empty(); // a sovereign model is nobody else's business
        };
    }

    private Activity trouble(int round, Doing doing, String code, String reason) {
        String words = reason.substring(0, Math.min(reason.length(), Activity.LONGEST_REASON));
        return new Activity(
                round,
                doing,
                0,
                0,
                Optional.of(code),
                visibility == Visibility.REASONS ? Optional.of(words) : Optional.empty(),
                during(round));
    }

    /** What was going on in this round when the trouble came up. */
    private Optional<Doing> during(int round) {
        Activity now = due;
        if (now == null || now.round() != round) {
            return Optional.empty();
        }
        return now.code().isPresent() ? now.during() : Optional.of(now.doing());
    }

    private void work() {
        try {
            while (true) {
                tell(next());
                Thread.sleep(SHORTEST);
            }
        } catch (InterruptedException e) {
            // closed
        }
    }

    /** Waits for something that was not told yet; steps of the same work may wait longer. */
    private Activity next() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long steps = STEPS.toNanos();
            while (true) {
                Activity wanted = due;
                if (wanted == null || wanted.equals(told)) {
                    changed.await();
                } else if (isMoreOfTheSame(wanted) && steps > 0) {
                    steps = changed.awaitNanos(steps);
                } else {
                    told = wanted;
                    return wanted;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean isMoreOfTheSame(Activity wanted) {
        Activity last = told;
        return last != null
                && last.round() == wanted.round()
                && last.doing() == wanted.doing()
                && last.code().equals(wanted.code());
    }

    private void tell(Activity activity) throws InterruptedException {
        try {
            client.tellOnce(activity);
        } catch (NodeException e) {
            if (e.code() == NodeException.Code.STOPPED) {
                throw (InterruptedException) new InterruptedException().initCause(e);
            }
            if (e.code() == NodeException.Code.REVOKED) {
                stop.end(e);
            }
        } catch (IOException | TrustException e) {
            // Whoever works asks the coordinator too, and says what is wrong.
        }
    }

    /** Tells nothing more. */
    @Override
    public void close() {
        Thread working;
        lock.lock();
        try {
            closed = true;
            working = thread;
        } finally {
            lock.unlock();
        }
        if (working != null) {
            working.interrupt();
            try {
                working.join(TimeUnit.SECONDS.toMillis(5));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
