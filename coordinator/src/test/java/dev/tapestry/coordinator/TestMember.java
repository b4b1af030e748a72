package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Grounds;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.ModelManifest;
import dev.tapestry.consortium.RoundPlan;
import dev.tapestry.consortium.Score;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.ConsortiumView;
import dev.tapestry.consortium.protocol.EnrolmentReply;
import dev.tapestry.consortium.protocol.EnrolmentRequest;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.RenewalReply;
import dev.tapestry.consortium.protocol.RenewalRequest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.ScoreReport;
import dev.tapestry.consortium.protocol.UploadStatus;
import dev.tapestry.trust.certificate.Certificates;
import dev.tapestry.trust.certificate.KeyAndRequest;
import dev.tapestry.trust.certificate.Renewal;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.enrolment.EnrolmentToken;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.KeyReplacement;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.weights.ModelDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** A member whose training adds seeded noise. */
final class TestMember implements AutoCloseable {

    final MemberId id;
    final Path folder;
    SigningKey key;
    TlsIdentity identity;
    TestClient client;

    private TestMember(
            MemberId id, Path folder, SigningKey key, TlsIdentity identity, URI coordinator) {
        this.id = id;
        this.folder = folder;
        this.key = key;
        this.identity = identity;
        this.client = TestClient.of(coordinator, identity);
    }

    /** Enrols with the line that the steward handed over. */
    static TestMember enrol(String line, Path folder) {
        EnrolmentToken token = EnrolmentToken.parse(line);
        SigningKey key = SigningKey.generate();
        EnrolmentRequest request = request(token, folder, key);
        try (TestClient first =
                new TestClient(token.coordinator(), TlsIdentity.firstContact(token.authority()))) {
            EnrolmentReply reply =
                    first.post("/v1/enrolments", request).as(201, EnrolmentReply.class);
            TlsIdentity identity =
                    TlsIdentity.installEnrolled(
                            folder.resolve("identity"),
                            reply.certificate(),
                            reply.authority(),
                            token.authority());
            return new TestMember(token.member(), folder, key, identity, token.coordinator());
        }
    }

    static EnrolmentRequest request(EnrolmentToken token, Path folder, SigningKey key) {
        return new EnrolmentRequest(
                token.member(),
                token.secret().value(),
                KeyAndRequest.createIn(folder.resolve("identity")).requestPem(),
                key.verifyingKey().value());
    }

    /** Asks for the next certificate, with a new key or that of the attempt before. */
    Answer offer() {
        return client.post("/v1/certificate", new RenewalRequest(renewal().request().requestPem()));
    }

    /** Says that {@code next} takes the place of {@code replaced}. */
    Answer replaceKey(SigningKey replaced, SigningKey next) {
        return client.postBytes("/v1/signing-key", KeyReplacement.sign(id, replaced, next).bytes());
    }

    Renewal renewal() {
        return Renewal.of(folder.resolve("identity"));
    }

    /** Another client of the same member, which shows what was issued. */
    TestClient renewed(Stage stage) {
        RenewalReply reply = offer().as(200, RenewalReply.class);
        return TestClient.of(
                stage.coordinator.address(),
                renewal().keep(Certificates.parse(reply.certificate())));
    }

    /** Goes on with a coordinator that was started again. */
    void reconnect(URI coordinator) {
        client.close();
        client = TestClient.of(coordinator, identity);
    }

    RoundView round() {
        return client.get("/v1/round").as(200, RoundView.class);
    }

    /** Waits by long polls until the latest round is in this phase. */
    RoundView await(int round, Phase phase) {
        long after = 0;
        RoundView view = round();
        for (int polls = 0; polls < 200; polls++) {
            if (view.plan().map(plan -> plan.round().value()).orElse(0) == round
                    && view.phase() == phase) {
                return view;
            }
            after = view.version();
            view = client.get("/v1/round?after=" + after + "&wait=10").as(200, RoundView.class);
        }
        throw new AssertionError("round " + round + " was never " + phase + ", but " + view);
    }

    /** Fetches a model part by part. */
    Path fetch(Digest model) {
        Path target = folder.resolve("models").resolve(model.hex());
        if (Files.exists(target)) {
            return target;
        }
        ModelManifest manifest = client.get("/v1/models/" + model).as(200, ModelManifest.class);
        try {
            Files.createDirectories(target);
            for (ModelManifest.File file : manifest.files()) {
                try (FileChannel out =
                        FileChannel.open(
                                target.resolve(file.path()),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE)) {
                    for (ModelManifest.Part part : file.parts()) {
                        Answer answer = client.get("/v1/parts/" + part.digest());
                        assertThat(answer.status()).isEqualTo(200);
                        assertThat(Digest.of(answer.body())).isEqualTo(part.digest());
                        out.write(ByteBuffer.wrap(answer.body()));
                    }
                }
            }
            return target;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Trains from the plan's base: every weight moves a little, by the seed. */
    Path train(RoundPlan plan, long seed) {
        Path target =
                folder.resolve(
                        "trained-" + plan.round() + "-" + plan.base().abbreviated() + "-" + seed);
        if (!Files.exists(target)) {
            try (ModelDirectory base = ModelDirectory.open(fetch(plan.base()))) {
                TinyModels.disturbed(base, target, seed, 0.01);
            }
        }
        return target;
    }

    /** The manifest of a contribution that is right in every way. */
    ContributionManifest manifest(RoundView view, Path weights) {
        RoundPlan plan = view.plan().orElseThrow();
        return new ContributionManifest(
                        plan.round(),
                        id,
                        plan.base(),
                        view.planDigest().orElseThrow(),
                        TinyModels.weights(weights),
                        plan.training().tokensPerRound(),
                        plan.training().steps(),
                        2.5)
                .on(Optional.of(grounds()));
    }

    /** What the coordinator shows of its charter and its log. */
    Grounds grounds() {
        ConsortiumView consortium = client.get("/v1/consortium").as(200, ConsortiumView.class);
        Checkpoint log =
                Checkpoint.parse(SignedNote.parse(client.get("/v1/log/checkpoint").text()).text());
        return new Grounds(
                CanonicalJson.digest(consortium.charter()),
                log.size(),
                log.root(),
                Optional.of(Digest.of(id.value().getBytes(UTF_8))));
    }

    byte[] signed(ContributionManifest manifest) {
        return Envelope.seal(Protocol.CONTRIBUTION_TYPE, manifest, key).bytes();
    }

    Answer post(int round, byte[] envelope) {
        return client.postBytes("/v1/rounds/" + round + "/contributions", envelope);
    }

    Answer seal(int round, Digest contribution) {
        return client.postBytes(
                "/v1/rounds/" + round + "/contributions/" + contribution + "/seal", new byte[0]);
    }

    /** Sends these parts of the files in a folder. */
    void send(ModelManifest manifest, Path weights, List<Digest> parts) {
        for (Digest part : parts) {
            Answer answer =
                    client.put("/v1/parts/" + part, TinyModels.part(weights, manifest, part));
            assertThat(answer.status()).as(answer.text()).isEqualTo(204);
        }
    }

    /** Sends weights in the way of the protocol, and says what came of it. */
    Answer contribute(RoundView view, Path weights) {
        return contribute(view, weights, UnaryOperator.identity());
    }

    /** The same with something changed in the manifest. */
    Answer contribute(RoundView view, Path weights, UnaryOperator<ContributionManifest> change) {
        ContributionManifest manifest = change.apply(manifest(view, weights));
        int round = view.plan().orElseThrow().round().value();
        Answer begun = post(round, signed(manifest));
        if (begun.status() != 200) {
            return begun;
        }
        UploadStatus status = begun.as(200, UploadStatus.class);
        send(manifest.weights(), weights, status.missing());
        return seal(round, status.contribution());
    }

    Answer score(RoundView view, double candidate, double base) {
        RoundPlan plan = view.plan().orElseThrow();
        ScoreReport report =
                new ScoreReport(
                        plan.round(),
                        id,
                        view.candidate().orElseThrow(),
                        new Score(candidate, base, 1000));
        return client.postBytes(
                "/v1/rounds/" + plan.round() + "/scores",
                Envelope.seal(Protocol.SCORE_TYPE, report, key).bytes());
    }

    /** One whole round, with good weights and a better score. */
    void takePart(int round, long seed) {
        RoundView view = await(round, Phase.COLLECTING);
        contribute(view, train(view.plan().orElseThrow(), seed)).as(200, Accepted.class);
    }

    void scoreWell(int round) {
        RoundView view = await(round, Phase.SCORING);
        fetch(view.candidate().orElseThrow());
        score(view, 2.0, 2.1).as(200, Accepted.class);
    }

    @Override
    public void close() {
        client.close();
    }
}
