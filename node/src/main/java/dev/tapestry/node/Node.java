package dev.tapestry.node;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.access.MemberCorpus;
import dev.tapestry.node.box.BoxLink;
import dev.tapestry.node.box.DropBox;
import dev.tapestry.node.box.GatewayBox;
import dev.tapestry.node.build.HeldOutEvaluation;
import dev.tapestry.node.build.SovereignBuild;
import dev.tapestry.node.egress.ClockWatch;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.node.egress.EgressGate;
import dev.tapestry.node.egress.ReceiptBook;
import dev.tapestry.node.egress.RetryPolicy;
import dev.tapestry.node.egress.StoreAddress;
import dev.tapestry.node.egress.StoreGate;
import dev.tapestry.node.egress.Traffic;
import dev.tapestry.node.round.ActivityTeller;
import dev.tapestry.node.round.NodeAgent;
import dev.tapestry.node.round.Relocation;
import dev.tapestry.node.round.RoundAssembly;
import dev.tapestry.node.round.RoundGateway;
import dev.tapestry.training.TrainingException;
import dev.tapestry.trust.certificate.Renewal;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.signature.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A member's node, put together: to read {@link #open} is to read what it consists of. One process
 * at a time has a node open. Must be closed: that writes the last receipts.
 */
public final class Node implements AutoCloseable {

    /** What hinders a node's work takes longer to pass than what cuts a connection. */
    private static final int MEND = 10;

    private final NodeLog log;
    private final NodeHome home;
    private final ReceiptBook receipts;
    private final EgressGate gate;
    private final CoordinatorClient client;
    private final CertificateKeeper keeper;
    private final ActivityTeller teller;
    private final StopSignal stop;
    private final RoundAssembly rounds;
    private final NodeAgent agent;
    private final SovereignBuild builds;

    private Node(
            NodeHome home,
            NodeLog log,
            ReceiptBook receipts,
            EgressGate gate,
            CoordinatorClient client,
            CertificateKeeper keeper,
            ActivityTeller teller,
            StopSignal stop,
            RoundAssembly rounds,
            SovereignBuild builds) {
        this.home = home;
        this.log = log;
        this.receipts = receipts;
        this.gate = gate;
        this.client = client;
        this.keeper = keeper;
        this.teller = teller;
        this.stop = stop;
        this.rounds = rounds;
        this.agent = rounds.agent();
        this.builds = builds;
    }

    /** Opens the node in {@code home} with its own settings. */
    public static Node open(NodeHome home, NodeProgress progress) {
        return open(
                home,
                NodeConfig.read(home),
                progress,
                InstantSource.system(),
                RetryPolicy.standard(new SecureRandom()));
    }

    /**
     * Opens the node in {@code home}; no connection is opened yet.
     *
     * @throws NodeException {@code NOT_ENROLLED}, {@code ENROLLED_ELSEWHERE}, {@code STORAGE}
     * @throws TrainingException {@code DEVICE}
     */
    public static Node open(
            NodeHome home,
            NodeConfig config,
            NodeProgress listener,
            InstantSource clock,
            RetryPolicy retries) {
        Membership membership = Membership.of(home);
        MemberId member = membership.member();
        if (!member.equals(config.member())) {
            throw new NodeException(
                    Code.ENROLLED_ELSEWHERE,
                    "node.yaml is of member '%s', but this node enrolled as '%s'"
                            .formatted(config.member(), member));
        }
        config.compute().device().require();
        makeDirectories(home);
        Deque<Runnable> opened = new ArrayDeque<>();
        NodeLog log = openLog(home, member);
        opened.push(log::close);
        try {
            return assemble(
                    home,
                    config,
                    membership,
                    log,
                    new MetricsFile(home.metrics()).and(listener),
                    clock,
                    retries,
                    opened);
        } catch (RuntimeException | Error e) {
            opened.forEach(Runnable::run); // or it could not be opened again in this process
            throw e;
        }
    }

    /**
     * Calls one constructor after the other.
     *
     * @param log open: whoever rotates a key or joins anew has it to itself too
     * @param opened takes how to close what was opened, the last first
     */
    private static Node assemble(
            NodeHome home,
            NodeConfig config,
            Membership membership,
            NodeLog log,
            NodeProgress progress,
            InstantSource clock,
            RetryPolicy retries,
            Deque<Runnable> opened) {
        TlsIdentity identity = TlsIdentity.open(home.identity());
        KeyRotation.requireDone(home);
        SigningKey key = SigningKey.load(home.signingKey());
        StopSignal stop = new StopSignal();
        MemberCorpus corpus = new MemberCorpus(home, config);
        HeldOutEvaluation evaluation = new HeldOutEvaluation(config.compute());

        ReceiptBook receipts = new ReceiptBook(log, clock);
        Relocation relocation =
                new Relocation(
                        home,
                        membership,
                        log,
                        clock,
                        there ->
                                EgressGate.to(
                                        there.coordinator(),
                                        config.proxy(),
                                        identity,
                                        there.certificateKey(),
                                        receipts,
                                        retries,
                                        _ -> {}));
        EgressGate gate =
                EgressGate.to(
                        membership.coordinator(),
                        config.proxy(),
                        identity,
                        membership.certificateKey(),
                        receipts,
                        retries,
                        outage -> {
                            progress.on(
                                    new NodeUpdate.Unreachable(
                                            clock.instant(),
                                            outage.reason(),
                                            outage.failures(),
                                            outage.again()));
                            relocation.followIfMoved();
                        });
        opened.push(gate::close);
        gate.compares(
                new ClockWatch(
                        clock,
                        skew ->
                                progress.on(
                                        new NodeUpdate.ClockDiffers(
                                                clock.instant(), skew.ahead()))));
        CoordinatorClient client = new CoordinatorClient(gate);
        relocation.ask(client);
        ActivityTeller teller = new ActivityTeller(client, config.visibility(), stop);
        CertificateKeeper keeper =
                new CertificateKeeper(
                        home.identity(),
                        membership,
                        config.proxy(),
                        gate,
                        client,
                        receipts,
                        retries,
                        log,
                        progress,
                        clock);
        RoundAssembly rounds =
                new RoundAssembly(
                        home,
                        config,
                        membership,
                        key,
                        corpus,
                        evaluation,
                        log,
                        teller.and(progress),
                        client,
                        relocation,
                        stop,
                        clock,
                        retries.slower(MEND));
        SovereignBuild builds =
                new SovereignBuild(home, config, corpus, log, progress, stop, clock);
        return new Node(home, log, receipts, gate, client, keeper, teller, stop, rounds, builds);
    }

    /** The agent that takes part in rounds; from now on the node's certificate renews itself. */
    public NodeAgent agent() {
        keeper.begin();
        return agent;
    }

    /**
     * Has rounds trained and scored on a machine without a network, by what lies in {@code box}.
     */
    public RoundGateway gateway(DropBox box) {
        keeper.look(); // whoever comes by hand now and then has no other moment for it
        return rounds.gateway(box);
    }

    /** A box in an object store, as the gateway sees it. */
    public GatewayBox stored(StoreAddress address) {
        return new GatewayBox(StoreGate.to(address, receipts), home);
    }

    /** The agent that does so by itself, where that machine sees {@code box} too. */
    public NodeAgent courier(DropBox box) {
        return courier(box, BoxLink.none());
    }

    /**
     * The same where {@code box} is a copy.
     *
     * @param link what keeps it and the place that both see alike
     */
    public NodeAgent courier(DropBox box, BoxLink link) {
        keeper.begin();
        return rounds.courier(box, link);
    }

    /** What looks after the node's certificate. */
    CertificateKeeper keeper() {
        return keeper;
    }

    /** Makes the member's own models; works without a network. */
    public SovereignBuild builds() {
        return builds;
    }

    /** The coordinator, as far as the egress gate lets through. */
    public CoordinatorClient coordinator() {
        return client;
    }

    /** Bytes that have passed the egress gate since the node was opened. */
    public Traffic traffic() {
        return gate.traffic();
    }

    /** Asks the agent or the build to stop; returns at once. For another thread, such as a hook. */
    public void stop() {
        stop.request();
    }

    /** Whoever has the log open has the directory for itself, and may tidy it. */
    private static NodeLog openLog(NodeHome home, MemberId member) {
        NodeLog log = NodeLog.open(home.log(), member);
        try {
            Leftovers.sweep(home);
            Renewal.of(home.identity()).settle();
            return log;
        } catch (RuntimeException e) {
            log.close();
            throw e;
        }
    }

    private static void makeDirectories(NodeHome home) {
        try {
            Files.createDirectories(home.models());
            Files.createDirectories(home.outbox());
            Files.createDirectories(home.sovereign());
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot use " + home.directory() + ": " + e, e);
        }
    }

    /** Writes the last receipts and lets go of the directory. */
    @Override
    public void close() {
        keeper.close();
        teller.close();
        gate.close();
        log.close();
    }
}
