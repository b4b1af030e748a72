package dev.tapestry.node.egress;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.certificate.ClockSkew;
import dev.tapestry.trust.certificate.TlsProblem;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;
import org.apache.hc.client5.http.ConnectTimeoutException;

/**
 * What the failure of an exchange means: who caused it, in words for people, and whether trying
 * again may help. What may help is an {@link IOException}, what does not a {@link NodeException}.
 *
 * @param coordinator to which the gate talks
 * @param proxy to which it connects, if there is one
 * @param patience for which a body may stand still
 */
record EgressFailures(URI coordinator, Optional<HttpProxy> proxy, Duration patience) {

    /** Whether nothing can have left, for there was nobody to take it. */
    static boolean isUnreached(IOException failure) {
        return switch (failure) {
            case ConnectException _, ConnectTimeoutException _ -> true;
            case NoRouteToHostException _, UnknownHostException _ -> true;
            case ProxyException _ -> true;
            default -> false;
        };
    }

    /** What broke, for people. */
    static String reason(IOException failure) {
        if (isUnreached(failure) && !(failure instanceof ProxyException)) {
            return "no connection to the coordinator";
        }
        return switch (failure) {
            case SocketTimeoutException _ -> "no answer in time";
            default -> failure.getMessage() == null ? failure.toString() : failure.getMessage();
        };
    }

    /**
     * A proxy that has said no says so again, and one that hears a wrong password too often locks
     * the account: it is asked again only after the longer pauses of whoever sends.
     *
     * @throws NodeException {@code PROXY_CREDENTIALS}, {@code PROXY_REFUSED}
     */
    static void requireUndecided(IOException failure) {
        if (failure instanceof ProxyException refusal) {
            switch (refusal.kind()) {
                case CREDENTIALS -> throw proxy(Code.PROXY_CREDENTIALS, refusal);
                case REFUSED -> throw proxy(Code.PROXY_REFUSED, refusal);
                case UNREACHABLE, BEYOND -> {}
            }
        }
    }

    private static NodeException proxy(Code code, ProxyException refusal) {
        return new NodeException(
                code, refusal.getMessage() + "; " + refusal.kind().advice(), refusal);
    }

    /** Trying again does not mend the disk from which a message is read. */
    static NodeException unreadable(IOException failure) {
        return new NodeException(
                Code.STORAGE, "cannot read what is to be sent: " + failure.getMessage(), failure);
    }

    /** A body stood still for too long. */
    IOException stalled(IOException failure) {
        return new IOException("nothing moved for " + patience.toMillis() + " ms", failure);
    }

    /** With a proxy, whoever could not be reached is the proxy. */
    IOException named(IOException failure) {
        return proxy.isPresent() && isUnreached(failure) && !(failure instanceof ProxyException)
                ? new ProxyException(
                        ProxyException.Kind.UNREACHABLE,
                        "no connection to the proxy " + proxy.get().address(),
                        failure)
                : failure;
    }

    /**
     * The failure, if trying again may help: it does not make a certificate better.
     *
     * @throws NodeException {@code TLS}, {@code REVOKED}
     */
    IOException classified(IOException failure, TlsProblem problem, Optional<ClockSkew> skew) {
        if (problem == TlsProblem.REVOKED) {
            throw new NodeException(Code.REVOKED, problem.advice(), failure);
        }
        if (skew.isPresent()) {
            throw new NodeException(
                    Code.CLOCK_SKEW,
                    "%s, and only by one of them certificates are valid (%s): %s"
                            .formatted(skew.get().words(), problem, skew.get().advice()),
                    failure);
        }
        if (problem != TlsProblem.OTHER) {
            throw new NodeException(
                    Code.TLS,
                    problem + ": " + advice(problem) + " (" + reason(failure) + ")",
                    failure);
        }
        return failure;
    }

    /** Behind a proxy a foreign certificate most often is the proxy's own. */
    private String advice(TlsProblem problem) {
        return problem == TlsProblem.WRONG_AUTHORITY && proxy.isPresent()
                ? "the certificate that came through the proxy %s was not issued by this consortium's authority: if the proxy opens TLS, ask whoever runs it to let %s through unopened; otherwise check the coordinator's address"
                        .formatted(proxy.get().address(), coordinator.getRawAuthority())
                : problem.advice();
    }
}
