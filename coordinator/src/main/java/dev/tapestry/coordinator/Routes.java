package dev.tapestry.coordinator;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.RunPlan;
import dev.tapestry.consortium.protocol.Activity;
import dev.tapestry.consortium.protocol.CosignatureRequest;
import dev.tapestry.consortium.protocol.EnrolmentRequest;
import dev.tapestry.consortium.protocol.LogEntries;
import dev.tapestry.consortium.protocol.LogProof;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.RenewalRequest;
import dev.tapestry.consortium.protocol.RevocationRequest;
import dev.tapestry.consortium.protocol.StatusView;
import dev.tapestry.consortium.protocol.StopRequest;
import dev.tapestry.consortium.protocol.TokenRequest;
import dev.tapestry.coordinator.Gate.Access;
import dev.tapestry.coordinator.HttpApi.Handler;
import dev.tapestry.coordinator.HttpApi.Route;
import dev.tapestry.trust.TrustException;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.function.Supplier;

/** Every route of the protocol and what it does, in the order of {@code docs/protocol.md}. */
final class Routes {

    private static final long MAX_WAIT_SECONDS = 60;
    private static final long MAX_ENTRIES = 1_000;

    private final Ledger ledger;
    private final ModelStore models;
    private final EnrolmentDesk enrolment;
    private final RenewalDesk renewals;
    private final KeyDesk keys;
    private final UploadDesk uploads;
    private final PartBuffers buffers;
    private final ScoreDesk scores;
    private final StewardDesk steward;
    private final PresenceBoard board;
    private final Metrics metrics;
    private final CosignatureDesk cosignatures;
    private final MoveDesk move;
    private final InstantSource clock;
    private final Supplier<URI> address;
    private final ManifestTurns manifests = new ManifestTurns();

    Routes(
            Ledger ledger,
            ModelStore models,
            EnrolmentDesk enrolment,
            RenewalDesk renewals,
            KeyDesk keys,
            UploadDesk uploads,
            PartBuffers buffers,
            ScoreDesk scores,
            StewardDesk steward,
            PresenceBoard board,
            Metrics metrics,
            CosignatureDesk cosignatures,
            MoveDesk move,
            InstantSource clock,
            Supplier<URI> address) {
        this.ledger = ledger;
        this.models = models;
        this.enrolment = enrolment;
        this.renewals = renewals;
        this.keys = keys;
        this.uploads = uploads;
        this.buffers = buffers;
        this.scores = scores;
        this.steward = steward;
        this.board = board;
        this.metrics = metrics;
        this.cosignatures = cosignatures;
        this.move = move;
        this.clock = clock;
        this.address = address;
    }

    List<Route> all() {
        PartServing parts = new PartServing(models, buffers);
        return List.of(
                post("/v1/enrolments", Access.ANYONE, this::enrol),
                post("/v1/certificate", Access.MEMBERS, this::renew),
                post("/v1/signing-key", Access.MEMBERS, this::replaceKey),
                get("/v1/status", Access.ANYONE, this::status),
                get("/v1/consortium", Access.READERS, this::consortium),
                get("/v1/round", Access.READERS, this::round),
                get("/v1/presence", Access.READERS, this::presence),
                // A monitoring system speaks no version of the protocol.
                new Route("GET", "/v1/metrics", Access.READERS, false, this::metrics),
                new Route("PUT", "/v1/activity", Access.MEMBERS, this::activity),
                get("/v1/models/{digest}", Access.READERS, this::model),
                get("/v1/models/{digest}/update", Access.READERS, this::update),
                get("/v1/parts/{digest}", Access.READERS, parts::send),
                new Route("HEAD", "/v1/parts/{digest}", Access.READERS, parts::describe),
                get("/v1/log/checkpoint", Access.READERS, this::checkpoint),
                get("/v1/log/cosignatures", Access.READERS, this::cosignatures),
                new Route(
                        "PUT",
                        "/v1/log/checkpoints/{size}/cosignature",
                        Access.MEMBERS,
                        this::cosign),
                get("/v1/move", Access.READERS, this::agreement),
                post("/v1/move", Access.READERS, this::move),
                get("/v1/log/entries", Access.READERS, this::entries),
                get("/v1/log/proofs/inclusion", Access.READERS, this::inclusion),
                get("/v1/log/proofs/consistency", Access.READERS, this::consistency),
                post("/v1/rounds/{n}/contributions", Access.CONTRIBUTORS, this::contribute),
                new Route("PUT", "/v1/parts/{digest}", Access.MEMBERS, this::receive),
                post(
                        "/v1/rounds/{n}/contributions/{contribution}/seal",
                        Access.CONTRIBUTORS,
                        this::seal),
                post("/v1/rounds/{n}/scores", Access.MEMBERS, this::score),
                post("/v1/tokens", Access.STEWARD, this::token),
                post("/v1/runs", Access.STEWARD, this::run),
                post("/v1/runs/stop", Access.STEWARD, this::stop),
                post("/v1/members/{id}/revocation", Access.STEWARD, this::revoke));
    }

    private static Route get(String path, Access access, Handler handler) {
        return new Route("GET", path, access, handler);
    }

    private static Route post(String path, Access access, Handler handler) {
        return new Route("POST", path, access, handler);
    }

    private void enrol(Exchange exchange) throws IOException {
        exchange.reply(201, enrolment.enrol(exchange.document(EnrolmentRequest.class)));
    }

    private void renew(Exchange exchange) throws IOException {
        exchange.reply(
                200,
                renewals.renew(
                        exchange.member(),
                        exchange.certificate(),
                        exchange.document(RenewalRequest.class)));
    }

    private void replaceKey(Exchange exchange) throws IOException {
        exchange.reply(200, keys.replace(exchange.member(), exchange.document()));
    }

    private void status(Exchange exchange) {
        exchange.reply(
                200, new StatusView(Protocol.VERSION, List.of(Protocol.VERSION), clock.instant()));
    }

    private void consortium(Exchange exchange) {
        exchange.reply(200, Views.consortium(ledger.snapshot()));
    }

    private void round(Exchange exchange) throws InterruptedException {
        long after = exchange.number("after", 0);
        long seconds = Math.min(MAX_WAIT_SECONDS, exchange.number("wait", 0));
        exchange.reply(200, Views.round(ledger.await(after, Duration.ofSeconds(seconds))));
    }

    private void presence(Exchange exchange) {
        exchange.reply(200, board.view(ledger.snapshot().consortium()));
    }

    private void metrics(Exchange exchange) {
        exchange.replyText(200, Metrics.CONTENT_TYPE, metrics.text());
    }

    private void activity(Exchange exchange) throws IOException {
        board.tell(exchange.member(), exchange.document(Activity.class));
        exchange.replyEmpty(204);
    }

    private void model(Exchange exchange) {
        Digest model = exchange.digest("digest");
        exchange.reply(
                200,
                models.manifest(model)
                        .orElseThrow(() ->
                                new ApiRefusal(
                                        ApiCode.UNKNOWN_MODEL,
                                        "no base or candidate that is kept is " + model)));
    }

    private void update(Exchange exchange) {
        Digest model = exchange.digest("digest");
        exchange.reply(
                200,
                models.update(model)
                        .orElseThrow(() ->
                                new ApiRefusal(
                                        ApiCode.UNKNOWN_UPDATE,
                                        "no update that is kept makes " + model)));
    }

    private void checkpoint(Exchange exchange) {
        exchange.replyText(200, cosignatures.latest());
    }

    private void cosignatures(Exchange exchange) {
        exchange.reply(200, cosignatures.notes());
    }

    private void cosign(Exchange exchange) throws IOException {
        cosignatures.take(
                exchange.member(),
                exchange.size("size"),
                exchange.document(CosignatureRequest.class).cosignature());
        exchange.replyEmpty(204);
    }

    private void agreement(Exchange exchange) {
        exchange.replyDocument(200, move.agreement());
    }

    private void move(Exchange exchange) throws IOException {
        exchange.reply(200, move.take(exchange.document()));
    }

    private void entries(Exchange exchange) {
        long from = exchange.number("from");
        long to = exchange.number("to");
        if (to - from > MAX_ENTRIES) {
            throw new ApiRefusal(
                    ApiCode.BAD_REQUEST, "at most " + MAX_ENTRIES + " entries at a time");
        }
        exchange.reply(
                200,
                new LogEntries(
                        from,
                        proved(() -> ledger.log().read(from, to)).stream()
                                .map(Base64.getEncoder()::encodeToString)
                                .toList()));
    }

    private void inclusion(Exchange exchange) {
        long index = exchange.number("index");
        long size = exchange.number("size");
        exchange.reply(
                200, new LogProof(proved(() -> ledger.log().inclusionProof(index, size)).hashes()));
    }

    private void consistency(Exchange exchange) {
        long from = exchange.number("from");
        long to = exchange.number("to");
        exchange.reply(
                200, new LogProof(proved(() -> ledger.log().consistencyProof(from, to)).hashes()));
    }

    /** What the log cannot prove was asked wrongly. */
    private static <T> T proved(Supplier<T> proof) {
        try {
            return proof.get();
        } catch (TrustException e) {
            if (e.code() == TrustException.Code.PROOF_IMPOSSIBLE) {
                throw new ApiRefusal(ApiCode.BAD_REQUEST, String.valueOf(e.getMessage()));
            }
            throw e;
        }
    }

    private void contribute(Exchange exchange) throws IOException, InterruptedException {
        manifests.take(
                exchange.member(),
                exchange.visit(),
                () ->
                        exchange.reply(
                                200,
                                uploads.begin(
                                        exchange.member(),
                                        exchange.round("n"),
                                        exchange.manifest())));
    }

    private void receive(Exchange exchange) throws IOException, InterruptedException {
        uploads.receive(exchange.member(), exchange.digest("digest"), exchange.part(), buffers);
        exchange.replyEmpty(204);
    }

    private void seal(Exchange exchange) {
        exchange.reply(
                200,
                uploads.seal(
                        exchange.member(), exchange.round("n"), exchange.digest("contribution")));
    }

    private void score(Exchange exchange) throws IOException {
        exchange.reply(
                200, scores.score(exchange.member(), exchange.round("n"), exchange.document()));
    }

    private void token(Exchange exchange) throws IOException {
        exchange.replyText(
                201, enrolment.issue(exchange.document(TokenRequest.class), address.get()).text());
    }

    private void run(Exchange exchange) throws IOException {
        exchange.reply(201, steward.begin(exchange.document(RunPlan.class)));
    }

    private void stop(Exchange exchange) throws IOException {
        exchange.reply(200, steward.stop(exchange.document(StopRequest.class).reason()));
    }

    private void revoke(Exchange exchange) throws IOException {
        exchange.reply(
                200,
                steward.revoke(
                        exchange.memberId("id"),
                        exchange.document(RevocationRequest.class).reason()));
    }
}
