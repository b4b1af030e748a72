package dev.tapestry.node.egress;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The proxy gave no way to the coordinator; nothing of a message has left. */
public final class ProxyException extends IOException {

    private static final long serialVersionUID = 1L;

    /** Why there is no way. */
    public enum Kind {
        /** Nothing answers at the proxy's address, or what answers breaks off. */
        UNREACHABLE("check proxy in node.yaml, and that this machine may reach it"),
        /** It asks who is there (407), or does not know who says so. */
        CREDENTIALS(
                "set proxy-user and proxy-password-file in node.yaml; the proxy must take the scheme"
                        + " Basic"),
        /** It does not open tunnels to the coordinator, or is no proxy. */
        REFUSED(
                "ask whoever runs the proxy to let CONNECT through to the coordinator's host and port"),
        /** It would, but does not get there itself (5xx). */
        BEYOND("check the coordinator's address, and whether the proxy can reach it");

        private final String advice;

        Kind(String advice) {
            this.advice = advice;
        }

        /** What a person can do. */
        public String advice() {
            return advice;
        }
    }

    private final Kind kind;

    ProxyException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** Why there is no way. */
    public Kind kind() {
        return kind;
    }
}
