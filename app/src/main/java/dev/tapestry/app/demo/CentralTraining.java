package dev.tapestry.app.demo;

import dev.tapestry.app.study.MixedTokens;
import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.CorpusPacker;
import dev.tapestry.corpus.CorpusReader;
import dev.tapestry.corpus.HeldOutSplit;
import dev.tapestry.corpus.PackedCorpus;
import dev.tapestry.corpus.PermittedUse;
import dev.tapestry.corpus.TokenShard;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.build.HeldOutEvaluation;
import dev.tapestry.node.build.SovereignBuild;
import dev.tapestry.node.build.TrainingPlans;
import dev.tapestry.training.Tokens;
import dev.tapestry.training.Trainer;
import dev.tapestry.training.TrainingPlan;
import dev.tapestry.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The comparison that no consortium could make: all members' text in one place. Every member counts
 * the same, as in the loop.
 */
final class CentralTraining {

    private CentralTraining() {}

    static Job.Result run(DemoDirectory demo, DemoConsortium consortium, Job job) {
        Path base = Path.of(job.base());
        NodeConfig config = NodeConfig.read(demo.node(consortium.members().getFirst()));
        HeldOutEvaluation evaluation = new HeldOutEvaluation(config.compute());
        Map<DemoMember, Tokens> train = new EnumMap<>(DemoMember.class);
        Map<DemoMember, TokenShard> heldOut = new EnumMap<>(DemoMember.class);
        ByteLevelTokenizer tokenizer = ByteLevelTokenizer.open(base.resolve("tokenizer.json"));
        for (DemoMember member : consortium.members()) {
            CorpusReader text =
                    CorpusReader.open(demo.corpus(member), PermittedUse.CONTRIBUTED_CPT);
            text.card().require(PermittedUse.EVALUATION);
            Path packed = demo.central().resolve("tokens-" + member.id());
            new CorpusPacker(tokenizer, new HeldOutSplit(DemoSettings.HELD_OUT)).pack(text, packed);
            train.put(member, Tokens.of(TokenShard.open(PackedCorpus.trainFile(packed))));
            heldOut.put(member, TokenShard.open(PackedCorpus.heldOutFile(packed)));
        }
        Path target = demo.central().resolve("model");
        DemoDirectory.delete(target); // of a job that was stopped before it had scored it
        TrainingPlan plan = TrainingPlans.of(job.training(), config.compute());
        Tokens text = new MixedTokens(List.copyOf(train.values()), job.training().sequenceLength());
        try (ModelDirectory start = ModelDirectory.open(base);
                Trainer trainer = Trainer.begin(start, plan, text)) {
            for (int step = 0; step < job.training().steps(); step++) {
                trainer.step();
            }
            trainer.exportLike(start, target);
        }
        List<Job.MemberScore> scores = new ArrayList<>();
        heldOut.forEach((member, shard) ->
                scores.add(
                        new Job.MemberScore(
                                member.id().value(),
                                score(evaluation, base, shard, job),
                                score(evaluation, target, shard, job))));
        Digest digest = SovereignBuild.digest(target);
        return new Job.Result(target.toString(), digest.hex(), scores);
    }

    private static double score(
            HeldOutEvaluation evaluation, Path model, TokenShard heldOut, Job job) {
        return evaluation
                .of(
                        model,
                        Tokens.of(heldOut),
                        job.training().sequenceLength(),
                        DemoSettings.TABLE_TOKENS)
                .bitsPerByte();
    }
}
