package dev.tapestry.training;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.chat.ChatTokens;
import dev.tapestry.training.TrainingException.Code;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;
import org.jspecify.annotations.Nullable;

/**
 * Running text, with or without a share of another text that shall not be forgotten.
 *
 * <p>Of the sequences read, number n is a replayed one where ⌊(n + 1)·share⌋ is more than
 * ⌊n·share⌋: as many as the share says, evenly spread. Each text is read in its own order.
 */
public final class TextLessons extends Lessons {

    private static final int DIGESTED_TOKENS = 1 << 16;

    private final Tokens own;
    private final @Nullable Tokens replayed;
    private final double share;

    private TextLessons(Tokens own, @Nullable Tokens replayed, double share) {
        this.own = own;
        this.replayed = replayed;
        this.share = share;
    }

    /** One text. */
    public static TextLessons of(Tokens text) {
        return new TextLessons(text, null, 0);
    }

    /**
     * One's own text and a part of another, such as what the base learnt from.
     *
     * @param share of the sequences that are replayed, in [0, 1)
     */
    public static TextLessons replaying(Tokens own, Tokens replayed, double share) {
        if (!(share >= 0 && share < 1)) {
            throw new TrainingException(
                    Code.INVALID_PLAN, "replay: the share %s is not in [0, 1)".formatted(share));
        }
        return share == 0 ? of(own) : new TextLessons(own, replayed, share);
    }

    @Override
    void check(TrainingPlan plan, LlamaConfig config) {
        order(own, plan);
        if (replayed != null) {
            order(replayed, plan);
        }
    }

    private static DataOrder order(Tokens text, TrainingPlan plan) {
        return new DataOrder(text.count(), plan.sequenceLength(), plan.seed());
    }

    @Override
    Learnt add(Step step) {
        int passes = step.plan().accumulationSteps();
        double part = 1.0 / passes / step.group().size();
        double nats = 0;
        double divergence = 0;
        for (int pass = 0; pass < passes; pass++) {
            try (PointerScope _ = new PointerScope()) {
                List<TokenBatch.Window> windows = windows(step, pass);
                Anchor anchor = step.anchor();
                if (anchor == null) {
                    nats += step.gradient().add(batch(step, windows), part) / passes;
                } else {
                    Loss.Sums sums = held(step, windows, part, anchor);
                    nats += sums.nats() * step.group().size();
                    divergence += sums.divergence() * step.group().size();
                }
            }
        }
        TreeMap<String, Double> figures = new TreeMap<>();
        if (step.anchor() != null) {
            figures.put("kl", divergence);
        }
        return new Learnt(nats, step.plan().tokensPerStep(), figures);
    }

    private static TokenBatch batch(Step step, List<TokenBatch.Window> windows) {
        return TokenBatch.read(
                windows, step.plan().sequenceLength(), step.model().config().vocabularySize());
    }

    private static Loss.Sums held(
            Step step, List<TokenBatch.Window> windows, double share, Anchor anchor) {
        int length = step.plan().sequenceLength();
        List<ChatTokens> texts = new ArrayList<>();
        for (TokenBatch.Window window : windows) {
            long[] ids = new long[length + 1];
            window.tokens().read(window.start(), ids);
            TokenBatch.check(ids, window.start(), step.model().config().vocabularySize());
            texts.add(ChatTokens.text(Arrays.stream(ids).mapToInt(Math::toIntExact).toArray()));
        }
        PackedBatch batch = PackedBatch.of(texts, length, step.model().config().vocabularySize());
        double[] weights = new double[batch.size()];
        Arrays.fill(weights, share / weights.length);
        return step.gradient().add(batch, weights, anchor);
    }

    private List<TokenBatch.Window> windows(Step step, int pass) {
        DataOrder ownOrder = order(own, step.plan());
        List<TokenBatch.Window> windows = new ArrayList<>();
        for (int i = 0; i < step.perPass(); i++) {
            long number = step.number(pass, i);
            long before = (long) Math.floor(number * share);
            if (replayed != null && (long) Math.floor((number + 1) * share) > before) {
                windows.add(
                        new TokenBatch.Window(
                                replayed, order(replayed, step.plan()).start(before)));
            } else {
                windows.add(new TokenBatch.Window(own, ownOrder.start(number - before)));
            }
        }
        return windows;
    }

    @Override
    long size() {
        return own.count() + (replayed == null ? 0 : replayed.count());
    }

    @Override
    Digest digest() {
        MessageDigest digest = Digest.sha256();
        digest(own, digest);
        if (replayed != null) {
            digest.update(ByteBuffer.allocate(8).putDouble(0, share));
            digest(replayed, digest);
        }
        return Digest.ofHash(digest.digest());
    }

    private static void digest(Tokens text, MessageDigest digest) {
        for (long at = 0; at < text.count(); at += DIGESTED_TOKENS) {
            long[] ids = new long[(int) Math.min(DIGESTED_TOKENS, text.count() - at)];
            text.read(at, ids);
            ByteBuffer bytes = ByteBuffer.allocate(8 * ids.length).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asLongBuffer().put(ids);
            digest.update(bytes);
        }
    }
}
