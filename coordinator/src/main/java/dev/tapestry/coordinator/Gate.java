package dev.tapestry.coordinator;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Finding;
import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.RoundInput.Refusal;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.certificate.Certificates;
import dev.tapestry.trust.certificate.Peer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Optional;
import java.util.function.Consumer;

/** Decides by the client's certificate and the log who may use a route. */
final class Gate {

    private final Ledger ledger;
    private final RefusalRegister refusals;
    private final RenewalDesk renewals;
    private final CertificateShelf shelf;
    private final Consumer<MemberId> seen;
    private final Path stewardPin;

    /** Who may use a route. */
    enum Access {
        /** Also clients without a certificate. */
        ANYONE,
        /** Active members and the steward. */
        READERS,
        /** Active members. */
        MEMBERS,
        /** Active members; other members that try it are refused in the log too. */
        CONTRIBUTORS,
        /** The steward. */
        STEWARD
    }

    /**
     * A gate that tells {@code seen} of each member that it lets in.
     *
     * @param stewardPin a file with the fingerprint of the only certificate that is the steward's;
     *     while it is missing, each that the authority issued for it counts
     */
    Gate(
            Ledger ledger,
            RefusalRegister refusals,
            RenewalDesk renewals,
            CertificateShelf shelf,
            Consumer<MemberId> seen,
            Path stewardPin) {
        this.ledger = ledger;
        this.refusals = refusals;
        this.renewals = renewals;
        this.shelf = shelf;
        this.seen = seen;
        this.stewardPin = stewardPin;
    }

    /**
     * Lets a client in.
     *
     * @return the member, if it is one
     * @throws ApiRefusal if it may not use the route; of {@code CONTRIBUTORS}, the log then tells
     *     who was revoked or is unknown
     */
    Optional<MemberId> admit(Access access, Optional<X509Certificate> certificate) {
        if (access == Access.ANYONE) {
            return Optional.empty();
        }
        X509Certificate shown =
                certificate.orElseThrow(() ->
                        new ApiRefusal(
                                ApiCode.CERTIFICATE_NEEDED,
                                "show the certificate that enrolment gave you"));
        return switch (peer(shown)) {
            case Peer.Member(MemberId id) -> {
                if (access == Access.STEWARD) {
                    throw new ApiRefusal(ApiCode.STEWARD_ONLY, "only the steward does this");
                }
                check(access, id, shown);
                seen.accept(id);
                yield Optional.of(id);
            }
            case Peer.Steward() -> {
                pinned().filter(own -> !own.equals(Certificates.fingerprint(shown)))
                        .ifPresent(_ -> {
                            throw new ApiRefusal(
                                    ApiCode.CERTIFICATE_REPLACED,
                                    "the steward has another certificate since the coordinator moved");
                        });
                if (access == Access.MEMBERS || access == Access.CONTRIBUTORS) {
                    throw membersOnly();
                }
                yield Optional.empty();
            }
            case Peer.Coordinator() -> throw membersOnly();
        };
    }

    /** Read each time: the certificate is renewed while the coordinator runs. */
    private Optional<Digest> pinned() {
        return Files.exists(stewardPin)
                ? Optional.of(new Digest(SafeFile.read(stewardPin).strip()))
                : Optional.empty();
    }

    private void check(Access access, MemberId id, X509Certificate shown) {
        Member member = ledger.snapshot().consortium().members().get(id);
        if (member == null) {
            String detail = id + " is not enrolled; ask the steward for a token";
            record(access, id, new Refusal(Finding.UNKNOWN_MEMBER, detail));
            throw new ApiRefusal(ApiCode.UNKNOWN_MEMBER, detail);
        }
        if (!member.active()) {
            String detail = id + " was revoked; ask the steward why";
            record(access, id, new Refusal(Finding.REVOKED, detail));
            throw new ApiRefusal(ApiCode.REVOKED, detail);
        }
        if (!member.certificate().equals(Certificates.fingerprint(shown))
                && !renewals.begins(id, shown)) {
            throw new ApiRefusal(
                    ApiCode.CERTIFICATE_REPLACED,
                    id + " has enrolled again or renewed since; use the newer certificate");
        }
        shelf.note(shown);
    }

    private void record(Access access, MemberId id, Refusal refusal) {
        if (access == Access.CONTRIBUTORS) {
            refusals.refuse(id, refusal);
        }
    }

    private static Peer peer(X509Certificate shown) {
        try {
            return Peer.of(shown);
        } catch (TrustException e) {
            throw new ApiRefusal(ApiCode.CERTIFICATE_NEEDED, String.valueOf(e.getMessage()));
        }
    }

    private static ApiRefusal membersOnly() {
        return new ApiRefusal(ApiCode.MEMBERS_ONLY, "only members' nodes do this");
    }
}
