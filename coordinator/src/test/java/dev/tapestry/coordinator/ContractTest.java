package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.CoordinatorMove;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.PlanFinding;
import dev.tapestry.consortium.RoundNumber;
import dev.tapestry.consortium.Score;
import dev.tapestry.consortium.Successor;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.CosignedNotes;
import dev.tapestry.consortium.protocol.LogEntries;
import dev.tapestry.consortium.protocol.LogProof;
import dev.tapestry.consortium.protocol.ModelUpdate;
import dev.tapestry.consortium.protocol.PresenceView;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.RenewalReply;
import dev.tapestry.consortium.protocol.RevocationRequest;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.consortium.protocol.ScoreReport;
import dev.tapestry.consortium.protocol.StopRequest;
import dev.tapestry.trust.certificate.Certificates;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.move.MoveAgreement;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import dev.tapestry.weights.codec.Codec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContractTest {

    @TempDir Path folder;

    @Test
    void what_is_served_is_documented_and_what_is_documented_is_served() {
        Contract contract = Contract.published();
        assertThat(contract.codes())
                .isEqualTo(
                        Arrays.stream(ApiCode.values())
                                .map(ApiCode::name)
                                .collect(Collectors.toCollection(TreeSet::new)));
        try (Stage stage = new Stage(folder, Stage.charter(1)).withMembers("ada")) {
            Set<String> served =
                    stage.coordinator.routes().stream()
                            .map(r -> Contract.line(r.method(), r.path(), r.access().name()))
                            .collect(Collectors.toCollection(TreeSet::new));
            assertThat(contract.operations()).isEqualTo(served);
            everyRoute(stage);
            assertThat(contract.succeeded()).containsAll(served);
        }
    }

    @Test
    void every_code_stands_in_the_protocol_with_its_status_and_no_other_does() throws IOException {
        String protocol = Files.readString(Path.of("..", "docs", "protocol.md"));
        Set<String> written = words("[A-Z]+(_[A-Z]+)*", protocol);
        Set<String> answered = words("[45][0-9]{2} [A-Z]+(_[A-Z]+)*", protocol);
        for (ApiCode code : ApiCode.values()) {
            assertThat(written).contains(code.name());
            answered.remove(code.status() + " " + code.name());
        }
        assertThat(answered).as("statuses and codes that are never answered").isEmpty();
        for (Enum<?>[] findings : List.of(Finding.values(), PlanFinding.values())) {
            assertThat(written).containsAll(Arrays.stream(findings).map(Enum::name).toList());
        }
    }

    private static Set<String> words(String pattern, String text) {
        return Pattern.compile("\\b" + pattern + "\\b")
                .matcher(text)
                .results()
                .map(MatchResult::group)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static void isAnEvent(String entry) {
        assertThat(
                        Contract.published()
                                .problems("ConsortiumEvent", Base64.getDecoder().decode(entry)))
                .isEmpty();
    }

    private static void everyRoute(Stage stage) {
        TestMember ada = stage.member(0);
        stage.run(1, MergeRule.fedAvg(), CodedMember.down(Codec.BF16));
        assertThat(stage.steward.post("/v1/runs", Stage.plan(1, MergeRule.fedAvg())).code())
                .isEqualTo("RUN_UNDER_WAY");
        Activity hindered =
                new Activity(
                        1,
                        Activity.Doing.HINDERED,
                        0,
                        0,
                        Optional.of("STORAGE"),
                        Optional.of("the disk is full"));
        assertThat(ada.client.put("/v1/activity", CanonicalJson.write(hindered)).status())
                .isEqualTo(204);
        ada.client.get("/v1/presence").as(200, PresenceView.class);
        ada.takePart(1, Stage.SEED);
        RoundView view = ada.await(1, Phase.SCORING);
        ScoreReport other =
                new ScoreReport(
                        new RoundNumber(1), ada.id, stage.base(), new Score(2.0, 2.1, 1000));
        assertThat(
                        ada.client
                                .postBytes(
                                        "/v1/rounds/1/scores",
                                        Envelope.seal(Protocol.SCORE_TYPE, other, ada.key).bytes())
                                .code())
                .isEqualTo("WRONG_CANDIDATE");
        ada.scoreWell(1);
        ada.score(view, 2.0, 2.1).as(200, Accepted.class);
        assertThat(ada.score(view, 3.0, 2.1).code()).isEqualTo("ALREADY_SCORED");
        ada.await(1, Phase.PUBLISHED);
        TestClient client = ada.client;
        client.get("/v1/status");
        client.get("/v1/consortium");
        Digest part = TinyModels.weights(ada.fetch(stage.base())).parts().getFirst().digest();
        client.head("/v1/parts/" + part);
        client.get("/v1/models/" + stage.base() + "/update").as(200, ModelUpdate.class);
        assertThat(client.get("/v1/models/" + part + "/update").code()).isEqualTo("UNKNOWN_UPDATE");
        Checkpoint checkpoint =
                Checkpoint.verified(
                        client.get("/v1/log/checkpoint").text(),
                        "tapestry/"
                                + Certificates.fingerprint(ada.identity.authority()).abbreviated(),
                        new VerifyingKey(stage.state().coordinatorKey()));
        long size = checkpoint.size();
        List<String> entries =
                client.get("/v1/log/entries?from=0&to=" + size).as(200, LogEntries.class).entries();
        assertThat(entries).hasSize((int) size).allSatisfy(ContractTest::isAnEvent);
        client.get("/v1/log/proofs/inclusion?index=1&size=" + size).as(200, LogProof.class);
        client.get("/v1/log/proofs/consistency?from=1&to=" + size).as(200, LogProof.class);
        assertThat(CosignatureTest.cosign(ada).status()).isEqualTo(204);
        client.get("/v1/log/cosignatures").as(200, CosignedNotes.class);
        assertThat(client.get("/v1/log/entries?from=0&to=999999").code()).isEqualTo("BAD_REQUEST");
        assertThat(client.get("/v1/log/entries?from=0").code()).isEqualTo("BAD_REQUEST");
        assertThat(client.get("/v1/models/xyz").code()).isEqualTo("BAD_REQUEST");
        assertThat(client.get("/v1/models/" + part).code()).isEqualTo("UNKNOWN_MODEL");
        assertThat(client.get("/v1/parts/" + stage.base()).code()).isEqualTo("UNKNOWN_PART");
        assertThat(client.head("/v1/parts/" + stage.base()).status()).isEqualTo(404);
        tooLarge(client, "/v1/rounds/1/contributions", Exchange.MAX_MANIFEST_BYTES + 1);
        for (String path : List.of("/v1/enrolments", "/v1/rounds/1/scores")) {
            tooLarge(client, path, Exchange.MAX_DOCUMENT_BYTES + 1);
        }
        String token = stage.token("bo");
        stage.steward
                .post("/v1/members/bo/revocation", new RevocationRequest("never came"))
                .as(200, Accepted.class);
        assertThat(token).startsWith("tapestry1.");
        stage.run(1, MergeRule.fedAvg());
        stage.steward.post("/v1/runs/stop", new StopRequest("seen enough")).as(200, Accepted.class);
        for (String path :
                List.of("/v1/tokens", "/v1/runs", "/v1/runs/stop", "/v1/members/ada/revocation")) {
            tooLarge(stage.steward, path, Exchange.MAX_DOCUMENT_BYTES + 1);
        }
        stage.clock.advance(Duration.ofDays(450));
        ada.offer().as(200, RenewalReply.class);
        tooLarge(ada.client, "/v1/certificate", Exchange.MAX_DOCUMENT_BYTES + 1);
        moved(stage, ada);
    }

    /** The last: a coordinator that was moved takes nothing more. */
    private static void moved(Stage stage, TestMember ada) {
        assertThat(ada.client.get("/v1/move").code()).isEqualTo("NOT_MOVED");
        tooLarge(ada.client, "/v1/move", Exchange.MAX_DOCUMENT_BYTES + 1);
        AuditLog log = stage.coordinator.ledger().log();
        CoordinatorMove move =
                new CoordinatorMove(
                        "alliance",
                        log.origin(),
                        log.size(),
                        log.root(),
                        stage.state().coordinatorKey(),
                        new Successor(
                                SigningKey.generate().verifyingKey().value(),
                                "https://elsewhere.example",
                                log.root()));
        ada.client
                .postBytes("/v1/move", MoveAgreement.sign(move, ada.key).bytes())
                .as(200, Accepted.class);
        ada.client.get("/v1/move").as(200, Envelope.class);
    }

    private static void tooLarge(TestClient client, String path, int bytes) {
        assertThat(client.postBytes(path, new byte[bytes]).code()).isEqualTo("BODY_TOO_LARGE");
    }
}
