package dev.tapestry.trust.certificate;

import java.security.cert.CertificateException;
import org.jspecify.annotations.Nullable;

/** A certificate that the handshake does not accept, with the reason told apart. */
final class PeerRefusedException extends CertificateException {

    private static final long serialVersionUID = 1L;

    private final TlsProblem problem;

    PeerRefusedException(TlsProblem problem, String detail, @Nullable Throwable cause) {
        super(problem.advice() + " (" + detail + ")", cause);
        this.problem = problem;
    }

    TlsProblem problem() {
        return problem;
    }
}
