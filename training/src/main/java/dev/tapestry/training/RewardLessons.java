package dev.tapestry.training;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.corpus.chat.ChatTokens;
import dev.tapestry.training.TrainingException.Code;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;
import org.jspecify.annotations.Nullable;

/**
 * Prompts that the model answers itself, several times; answers better than their group's mean
 * become more probable. What is drawn is a pure function of the seed, the step and the weights.
 */
public final class RewardLessons extends Lessons {

    private final List<RewardedTask> tasks;
    private final RewardPlan plan;
    private final ChatTemplate template;
    private final ByteLevelTokenizer tokenizer;
    private final @Nullable Llama reference;
    private final int end;

    private RewardLessons(
            List<RewardedTask> tasks,
            RewardPlan plan,
            ChatTemplate template,
            ByteLevelTokenizer tokenizer,
            @Nullable Llama reference) {
        this.tasks = List.copyOf(tasks);
        this.plan = plan;
        this.template = template;
        this.tokenizer = tokenizer;
        this.reference = reference;
        this.end = tokenizer.id(template.endOfTurn()).orElse(-1);
    }

    /**
     * Lessons from these tasks.
     *
     * @param reference what the model is held to, which stays the caller's and open; null where the
     *     plan's beta is 0
     * @throws TrainingException {@code INVALID_PLAN}, {@code TOO_FEW_TOKENS}
     */
    public static RewardLessons of(
            List<RewardedTask> tasks,
            RewardPlan plan,
            ChatTemplate template,
            ByteLevelTokenizer tokenizer,
            @Nullable Llama reference) {
        if (tasks.isEmpty()) {
            throw new TrainingException(Code.TOO_FEW_TOKENS, "rewards: there is no task");
        }
        if (plan.beta() > 0 && reference == null) {
            throw new TrainingException(
                    Code.INVALID_PLAN, "rewards: beta %s needs a reference".formatted(plan.beta()));
        }
        if (!template.missing(tokenizer).isEmpty()) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "rewards: the tokenizer lacks %s: add them to the model first"
                            .formatted(template.missing(tokenizer)));
        }
        return new RewardLessons(tasks, plan, template, tokenizer, reference);
    }

    @Override
    void check(TrainingPlan training, LlamaConfig config) {
        int longest =
                tasks.stream()
                        .mapToInt(task -> template.encodePrompt(task.prompt(), tokenizer).length)
                        .max()
                        .orElse(0);
        if (longest + plan.maxTokens() > training.sequenceLength() + 1) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "plan: sequenceLength %d is too short for a prompt of %d tokens and an answer of %d"
                            .formatted(training.sequenceLength(), longest, plan.maxTokens()));
        }
    }

    /** An answer with its advantage. */
    private record Sample(ChatTokens text, double advantage) {}

    @Override
    Learnt add(Step step) {
        if (step.group().size() > 1 || step.anchor() != null) {
            throw new TrainingException(
                    Code.INVALID_PLAN,
                    "rewards: one process learns from them, and beta holds to the reference: leave"
                            + " klToBase out");
        }
        Shuffle order = new Shuffle(tasks.size(), step.plan().seed());
        TreeMap<String, Double> figures = new TreeMap<>();
        int passes = step.plan().accumulationSteps();
        double share = 1.0 / step.plan().sequencesPerStep() / plan.samples();
        double[] loss = {0};
        long tokens = 0;
        List<List<Sample>> all = new ArrayList<>();
        for (int pass = 0; pass < passes; pass++) {
            List<Sample> samples = new ArrayList<>();
            for (int i = 0; i < step.perPass(); i++) {
                long number = step.number(pass, i);
                samples.addAll(group(step, tasks.get((int) order.at(number)), number, figures));
            }
            all.add(samples);
        }
        for (List<Sample> samples : all) {
            List<ChatTokens> texts = samples.stream().map(Sample::text).toList();
            tokens += texts.stream().mapToLong(text -> text.length() - 1).sum();
            List<double[]> before = reference(step, texts);
            try (PointerScope _ = new PointerScope()) {
                PackedBatch batch =
                        PackedBatch.of(
                                texts,
                                step.plan().sequenceLength(),
                                step.model().config().vocabularySize());
                step.gradient()
                        .add(
                                batch,
                                probable -> weights(batch, samples, before, probable, share, loss));
            }
        }
        figures.replaceAll((_, sum) -> sum / step.plan().sequencesPerStep() / plan.samples());
        return new Learnt(loss[0], tokens, figures);
    }

    private List<double[]> reference(Step step, List<ChatTokens> texts) {
        return reference == null
                ? List.of()
                : AnswerScoring.of(step.plan()).logProbabilities(reference, texts, _ -> {});
    }

    private List<Sample> group(
            Step step, RewardedTask task, long number, Map<String, Double> figures) {
        int[] prompt = template.encodePrompt(task.prompt(), tokenizer);
        List<Integer> ids = Arrays.stream(prompt).boxed().toList();
        Generation generation = new Generation(step.model());
        List<int[]> answers = new ArrayList<>();
        double[] rewards = new double[plan.samples()];
        for (int i = 0; i < plan.samples(); i++) {
            long seed =
                    Shuffle.mixed(step.plan().seed() ^ Shuffle.mixed(number * plan.samples() + i));
            int[] answer =
                    generation
                            .continued(
                                    ids,
                                    plan.maxTokens(),
                                    new Sampling(plan.temperature(), 0, seed),
                                    id -> id == end)
                            .stream()
                            .mapToInt(Integer::intValue)
                            .toArray();
            answers.add(answer);
            rewards[i] = task.reward().applyAsDouble(text(answer));
            figures.merge("reward", rewards[i], Double::sum);
            figures.merge("answer-tokens", (double) answer.length, Double::sum);
        }
        double[] advantages = PreferenceLoss.advantages(rewards, plan.scaled());
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < advantages.length; i++) {
            samples.add(new Sample(ChatTokens.answer(prompt, answers.get(i)), advantages[i]));
        }
        return samples;
    }

    /** A model may have more rows than its tokenizer has ids: those say nothing. */
    private String text(int[] answer) {
        return tokenizer.decode(
                Arrays.stream(answer).filter(id -> id < tokenizer.vocabSize()).toArray());
    }

    private double[] weights(
            PackedBatch batch,
            List<Sample> samples,
            List<double[]> before,
            double[] probable,
            double share,
            double[] loss) {
        double[] weights = new double[batch.size()];
        for (int i = 0; i < samples.size(); i++) {
            PackedBatch.Place place = batch.places().get(i);
            int length = samples.get(i).text().learnt();
            double each = share / (plan.scaled() ? length : plan.maxTokens());
            int said = 0;
            for (int at = 0; at < place.length(); at++) {
                if (place.learns(at)) {
                    double now = probable[place.from() + at];
                    PreferenceLoss.Single token =
                            PreferenceLoss.grpo(
                                    plan.epsilon(),
                                    plan.beta(),
                                    samples.get(i).advantage(),
                                    now,
                                    now,
                                    before.isEmpty() ? now : before.get(i)[said]);
                    said++;
                    loss[0] += token.loss() * each;
                    weights[place.from() + at] = -token.slope() * each;
                }
            }
        }
        return weights;
    }

    @Override
    long size() {
        return tasks.size();
    }

    @Override
    Digest digest() {
        MessageDigest digest = Digest.sha256();
        for (RewardedTask task : tasks) {
            String text = template.render(task.prompt(), true) + "\u0000" + task.name() + "\u0000";
            digest.update(text.getBytes(StandardCharsets.UTF_8));
        }
        digest.update(plan.toString().getBytes(StandardCharsets.UTF_8));
        return Digest.ofHash(digest.digest());
    }
}
