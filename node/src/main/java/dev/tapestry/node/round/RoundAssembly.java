package dev.tapestry.node.round;

import dev.tapestry.node.Membership;
import dev.tapestry.node.NodeConfig;
import dev.tapestry.node.NodeHome;
import dev.tapestry.node.NodeLog;
import dev.tapestry.node.NodeProgress;
import dev.tapestry.node.NodeUpdate;
import dev.tapestry.node.StopSignal;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.box.BoxLabel;
import dev.tapestry.node.box.BoxLink;
import dev.tapestry.node.box.DropBox;
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
        NodeProgress progress,
        CoordinatorClient client,
        Relocation relocation,
        StopSignal stop,
        InstantSource clock,
        RetryPolicy retries) {

    /** What every way of taking part is made of. */
    private record Bench(
            StepBook steps,
            RoundDiary diary,
            Preparation preparation,
            Parcels parcels,
            Courier courier,
            LateContributions late,
            Scorer scorer) {}

    /** An agent that trains and scores here. */
    public NodeAgent agent() {
        Bench bench = bench();
        return agent(
                new RoundParticipant(
                        membership.member(),
                        bench.preparation(),
                        corpus,
                        RoundTrainer.of(home, config, progress.and(bench.steps()), stop, clock),
                        new RoundWatch(client, stop, clock),
                        bench.steps(),
                        bench.parcels(),
                        bench.late(),
                        bench.courier(),
                        bench.scorer(),
                        bench.diary()),
                bench.diary());
    }

    /** Has rounds trained and scored elsewhere, by what lies in {@code box}. */
    public RoundGateway gateway(DropBox box) {
        return gateway(box, bench());
    }

    /** An agent that does so by itself. */
    public NodeAgent courier(DropBox box, BoxLink link) {
        Bench bench = bench();
        return agent(
                new BoxAttendant(
                        gateway(box, bench),
                        BoxLabel.of(membership, config),
                        box,
                        link,
                        corpus,
                        bench.scorer(),
                        bench.diary(),
                        stop),
                bench.diary());
    }

    private RoundGateway gateway(DropBox box, Bench bench) {
        BoxLabel label = BoxLabel.of(membership, config);
        BoxFetch fetch =
                new BoxFetch(
                        config,
                        label,
                        box,
                        corpus,
                        bench.preparation(),
                        bench.parcels(),
                        bench.late(),
                        bench.diary());
        BoxSubmission submission =
                new BoxSubmission(
                        config,
                        label,
                        box,
                        corpus,
                        bench.preparation(),
                        bench.parcels(),
                        bench.courier(),
                        bench.diary());
        return new RoundGateway(client, label, box, fetch, submission, shelf(), relocation, stop);
    }

    private NodeAgent agent(Participant participant, RoundDiary diary) {
        return new NodeAgent(client, participant, diary, shelf(), stop, retries, relocation);
    }

    private ModelShelf shelf() {
        return new ModelShelf(home, config.keepBases());
    }

    private Bench bench() {
        Runnable moved = moved();
        int threads = config.compute().threads();
        RoundDiary diary = new RoundDiary(log, progress, clock);
        LogWitness witness = new LogWitness(client, membership, key, home, clock);
        StepBook steps = new StepBook(home.trainer());
        Outbox outbox = new Outbox(home, key);
        Preparation preparation =
                new Preparation(
                        corpus,
                        new ModelArrival(
                                home,
                                new ModelReceiver(client, home.models(), config.streams(), moved),
                                threads),
                        steps,
                        witness,
                        diary,
                        stop);
        Parcels parcels =
                new Parcels(
                        membership.member(),
                        outbox,
                        Carried.residual(home, outbox),
                        new Gradients(
                                Carried.gradient(home, outbox),
                                new ModelReceiver(
                                        client, home.gradients(), config.streams(), moved),
                                home.gradients()),
                        witness,
                        diary,
                        stop,
                        threads);
        Courier courier =
                new Courier(
                        client,
                        new PartSender(client, config.streams(), moved),
                        membership.member(),
                        key,
                        diary,
                        stop);
        Scorer scorer =
                new Scorer(
                        corpus, preparation, new ScoreBook(home, evaluation), courier, diary, stop);
        return new Bench(
                steps,
                diary,
                preparation,
                parcels,
                courier,
                new LateContributions(outbox, witness, courier, diary),
                scorer);
    }

    private Runnable moved() {
        // Several streams call it: a count that came later must not be told earlier.
        Object turn = new Object();
        return () -> {
            synchronized (turn) {
                Traffic traffic = client.traffic();
                progress.on(
                        new NodeUpdate.Transferred(clock.instant(), traffic.up(), traffic.down()));
            }
        };
    }
}
