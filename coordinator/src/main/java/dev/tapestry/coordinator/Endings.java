package dev.tapestry.coordinator;

import dev.tapestry.consortium.Consortium;
import dev.tapestry.consortium.Member;
import dev.tapestry.consortium.protocol.Ending;
import dev.tapestry.trust.certificate.Term;
import dev.tapestry.trust.certificate.TlsIdentity;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Which certificates end soon, with what happens by itself and what somebody has to do. */
record Endings(CoordinatorDirectory directory, CertificateShelf shelf) {

    /** Of a directory whose coordinator need not run. */
    static Endings in(Path directory) {
        CoordinatorDirectory place = new CoordinatorDirectory(directory);
        return new Endings(place, new CertificateShelf(place.certificates()));
    }

    /** The authority a year ahead, all others by {@link Term#AHEAD}. */
    List<Ending> at(Instant now, Consortium state) {
        List<Ending> endings = new ArrayList<>();
        Term own = TlsIdentity.open(directory.identity()).term();
        if (own.authorityEndsSoon(now)) {
            endings.add(
                    new Ending(
                            "authority",
                            own.authorityUntil(),
                            "no certificate outlives it and nothing renews it; found the consortium anew before then, in a new directory, and invite its members there"));
        }
        if (own.endsSoon(now)) {
            endings.add(
                    new Ending(
                            "coordinator",
                            own.until(),
                            own.isLast()
                                    ? "it ends with the authority"
                                    : "the coordinator renews it by itself, at its start and every hour; look into its log why it has not"));
        }
        steward()
                .filter(term -> term.endsSoon(now))
                .ifPresent(term ->
                        endings.add(
                                new Ending(
                                        "steward",
                                        term.until(),
                                        term.isLast()
                                                ? "it ends with the authority"
                                                : "the coordinator renews it by itself while it runs; at once: tapestry consortium steward-certificate "
                                                        + directory.root())));
        state.members().values().stream()
                .filter(Member::active)
                .forEach(member -> member(member, own, now).ifPresent(endings::add));
        return List.copyOf(endings);
    }

    /** A steward that has moved elsewhere looks after itself. */
    private Optional<Term> steward() {
        return TlsIdentity.isIn(directory.steward())
                ? Optional.of(TlsIdentity.open(directory.steward()).term())
                : Optional.empty();
    }

    private Optional<Ending> member(Member member, Term own, Instant now) {
        return shelf.end(member.certificate())
                .filter(end -> now.plus(Term.AHEAD).isAfter(end))
                .map(end -> new Ending("member/" + member.id(), end, next(member, end, own, now)));
    }

    private static String next(Member member, Instant end, Term own, Instant now) {
        if (end.isBefore(now)) {
            return "its node can connect no more; give it a new token (tapestry member invite DIR %s), with which it joins in the directory that it has; nobody else is touched"
                    .formatted(member.id());
        }
        return end.isBefore(own.authorityUntil())
                ? "its node renews it by itself as soon as it runs and reaches the coordinator; ask the member whether it does"
                : "it ends with the authority";
    }
}
