package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.coordinator.HttpApi.Route;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.move.MoveAgreement;
import dev.tapestry.trust.signature.VerifyingKey;
import java.util.Optional;

/**
 * Ends this coordinator when it is shown that the members have moved it: from then on it appends
 * nothing, also after a restart, and tells whoever asks where it has gone. Thread-safe.
 */
final class MoveDesk {

    private static final System.Logger LOG = System.getLogger(MoveDesk.class.getName());

    private final Ledger ledger;
    private final VerifyingKey key;
    private final Moves moves;
    private final Runnable rest;
    private volatile Optional<MoveAgreement> gone;

    /**
     * A desk that knows whether the coordinator was moved before it was started.
     *
     * @param rest ends the work that the coordinator does by itself
     */
    MoveDesk(Ledger ledger, VerifyingKey key, Moves moves, Runnable rest) {
        this.ledger = ledger;
        this.key = key;
        this.moves = moves;
        this.rest = rest;
        this.gone = moves.from(key).filter(agreement -> refusal(agreement).isEmpty());
        gone.ifPresent(this::end);
    }

    private void end(MoveAgreement agreement) {
        LOG.log(
                System.Logger.Level.INFO,
                () ->
                        "MOVED: the members have moved this coordinator to %s; it runs no rounds, writes nothing to its log, and tells nodes that ask where to go; stop it when all have followed"
                                .formatted(agreement.move().to().address()));
        rest.run();
        ledger.stop();
    }

    /**
     * Is shown an agreement.
     *
     * @throws ApiRefusal {@code MOVE_REFUSED}, {@code BAD_REQUEST}
     */
    Accepted take(byte[] body) {
        MoveAgreement agreement = parsed(body);
        refusal(agreement)
                .ifPresent(why -> {
                    throw new ApiRefusal(ApiCode.MOVE_REFUSED, why);
                });
        moves.keep(agreement);
        gone = Optional.of(agreement);
        end(agreement);
        return new Accepted(ledger.log().size());
    }

    private static MoveAgreement parsed(byte[] body) {
        try {
            return MoveAgreement.parse(body);
        } catch (TrustException e) {
            throw new ApiRefusal(ApiCode.BAD_REQUEST, String.valueOf(e.getMessage()));
        }
    }

    /** What was written after the moment at which it moved does not keep it. */
    private Optional<String> refusal(MoveAgreement agreement) {
        Consortium now = ledger.snapshot().consortium();
        long size = agreement.move().size();
        if (size > ledger.log().size()) {
            return Optional.of("this log has not as many entries as the statements say");
        }
        return Moves.refusal(agreement, now, ledger.log().origin(), size, ledger.log().root(size));
    }

    /** The agreement by which this coordinator has gone, or else the one by which it came. */
    byte[] agreement() {
        return gone.or(() -> moves.to(key))
                .orElseThrow(() ->
                        new ApiRefusal(ApiCode.NOT_MOVED, "the coordinator has never been moved"))
                .bytes();
    }

    /**
     * Lets a request through that only reads what will not change.
     *
     * @throws ApiRefusal {@code MOVED}
     */
    void pass(Route route) {
        boolean reads = route.method().equals("GET") || route.method().equals("HEAD");
        boolean waits = route.path().equals("/v1/round");
        if ((!reads || waits) && !route.path().equals("/v1/move")) {
            gone.ifPresent(agreement -> {
                throw new ApiRefusal(
                        ApiCode.MOVED,
                        "the members have moved the coordinator to "
                                + agreement.move().to().address()
                                + "; GET /v1/move shows their statements");
            });
        }
    }
}
