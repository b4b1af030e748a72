package dev.tapestry.node.round;

import dev.tapestry.node.Membership;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeLog;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.build.HeldOutEvaluation;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.node.egress.ModelReceiver;
import dev.tapestry.node.egress.PartSender;
import dev.tapestry.node.egress.RetryPolicy;
import dev.tapestry.node.egress.Traffic;
import dev.tapestry.node.trainer.RoundTrainer;
import dev.tapestry.node.trainer.StepBook;
import dev.tapestry.trust.signature.SigningKey;
import java.time.InstantSource;

/** Puts together what takes part in rounds. */
public record RoundAssembly(
        NodeHome home,
        NodeConfig config,
        Membership membership,
        SigningKey key,
        MemberCorpus corpus,
        HeldOutEvaluation evaluation,
        NodeLog log,
        NodeProgress progress) {

    /** An agent that talks to the coordinator through {@code client}. */
    public NodeAgent agent(
            CoordinatorClient client,
            Relocation relocation,
            StopSignal stop,
            InstantSource clock,
            RetryPolicy retries) {
        // Several streams call it: a count that came later must not be told earlier.
        Object turn = new Object();
        Runnable moved =
                () -> {
                    synchronized (turn) {
                        Traffic traffic = client.traffic();
                        progress.on(
                                new NodeUpdate.Transferred(
                                        clock.instant(), traffic.up(), traffic.down()));
                    }
                };
        RoundDiary diary = new RoundDiary(log, progress, clock);
        Outbox outbox = new Outbox(home, key);
        StepBook steps = new StepBook(home.trainer());
        RoundParticipant participant =
                new RoundParticipant(
                        membership.member(),
                        new ModelArrival(
                                home,
                                new ModelReceiver(client, home.models(), config.streams(), moved),
                                config.compute().threads()),
                        corpus,
                        RoundTrainer.of(home, config, progress.and(steps), stop, clock),
                        steps,
                        outbox,
                        Carried.residual(home, outbox),
                        new Gradients(
                                Carried.gradient(home, outbox),
                                new ModelReceiver(
                                        client, home.gradients(), config.streams(), moved),
                                home.gradients()),
                        new Courier(
                                client,
                                new PartSender(client, config.streams(), moved),
                                membership.member(),
                                key,
                                diary,
                                stop),
                        new ScoreBook(home, evaluation),
                        new LogWitness(client, membership, key, home, clock),
                        diary,
                        stop,
                        config.compute().threads());
        return new NodeAgent(
                client,
                participant,
                diary,
                new ModelShelf(home, config.keepBases()),
                stop,
                retries,
                relocation);
    }
}
