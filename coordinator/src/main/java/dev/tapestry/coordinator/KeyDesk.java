package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.SigningKeyReplaced;
import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.Accepted;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.KeyReplacement;
import dev.tapestry.trust.signature.VerifyingKey;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/** Takes members' statements that they sign with another key. Thread-safe. */
final class KeyDesk {

    /** Or a member could fill the log with keys. */
    private static final Duration BETWEEN = Duration.ofHours(1);

    private static final long PAGE = 256;

    private final Ledger ledger;
    private final InstantSource clock;

    KeyDesk(Ledger ledger, InstantSource clock) {
        this.ledger = ledger;
        this.clock = clock;
    }

    /**
     * Writes a member's next key into the log, with the statement. Who says again what is so
     * already has lost the answer, and gets it.
     *
     * @throws ApiRefusal {@code BAD_SIGNATURE}, {@code MALFORMED}, {@code KEY_REFUSED}
     */
    synchronized Accepted replace(MemberId id, byte[] envelope) {
        Member member = ledger.snapshot().consortium().members().get(id);
        if (member == null) {
            throw new ApiRefusal(ApiCode.UNKNOWN_MEMBER, id + " is not enrolled");
        }
        KeyReplacement statement = statement(member, envelope);
        if (member.signingKey().equals(statement.next())) {
            return new Accepted(ledger.log().size());
        }
        Instant now = clock.instant();
        Optional<Instant> before = within(id, now);
        if (before.isPresent()) {
            throw new ApiRefusal(
                    ApiCode.KEY_REFUSED,
                    "the key was replaced at %s; the next time is an hour later"
                            .formatted(before.get()));
        }
        Ledger.Change change =
                ledger.change(state ->
                        state.keyReplacement(
                                id, statement.next(), new String(envelope, UTF_8), now));
        if (change.events().isEmpty()) {
            throw new ApiRefusal(ApiCode.KEY_REFUSED, "the key is a member's already");
        }
        return new Accepted(change.after().version());
    }

    /** When its key was replaced within the last hour: the log, read backwards, says so. */
    private Optional<Instant> within(MemberId id, Instant now) {
        AuditLog log = ledger.log();
        for (long to = log.size(); to > 0; to -= Math.min(to, PAGE)) {
            for (byte[] entry : log.read(Math.max(0, to - PAGE), to).reversed()) {
                ConsortiumEvent event = CanonicalJson.read(entry, ConsortiumEvent.class);
                if (!now.isBefore(event.at().plus(BETWEEN))) {
                    return Optional.empty();
                }
                if (event instanceof SigningKeyReplaced replaced && replaced.member().equals(id)) {
                    return Optional.of(replaced.at());
                }
            }
        }
        return Optional.empty();
    }

    private static KeyReplacement statement(Member member, byte[] envelope) {
        try {
            return KeyReplacement.open(
                    Envelope.parse(envelope), member.id(), new VerifyingKey(member.signingKey()));
        } catch (TrustException e) {
            throw ApiRefusal.of(Signatures.refusal(e));
        }
    }
}
