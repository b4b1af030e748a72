package dev.tapestry.trust.certificate;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * What a server shows to those who connect: it can be exchanged while the server runs. Connections
 * that are open stay, later handshakes show the new certificate. Thread-safe.
 */
public final class ServerIdentity {

    private final SSLContext context;
    private volatile Shown shown;

    /** The one that is shown, and the one before for handshakes that have begun with it. */
    private record Shown(TlsIdentity now, TlsIdentity before) {}

    /** Shows {@code first}. */
    public ServerIdentity(TlsIdentity first) {
        this.shown = new Shown(first, first);
        this.context = first.serverShowing(new Keys());
    }

    /** Use it with {@link TlsIdentity#serverParameters}. */
    public SSLContext context() {
        return context;
    }

    /** What is shown now. */
    public TlsIdentity identity() {
        return shown.now();
    }

    /** Shows {@code next}, which the same authority issued, from now on. */
    public void show(TlsIdentity next) {
        if (!next.authority().equals(identity().authority())) {
            throw new IllegalArgumentException(next + " is of another authority");
        }
        shown = new Shown(next, identity());
    }

    /**
     * A handshake asks three times: which certificate, what it is, and for its key. The name that
     * is given first makes all three answers speak of the same one.
     */
    private final class Keys extends X509ExtendedKeyManager {

        @Override
        public @Nullable String chooseEngineServerAlias(
                String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
            return keyType.equals("EC") ? alias(identity()) : null;
        }

        @Override
        public @Nullable String chooseServerAlias(
                String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
            return chooseEngineServerAlias(keyType, issuers, null);
        }

        @Override
        public X509Certificate @Nullable [] getCertificateChain(String alias) {
            TlsIdentity named = named(alias);
            return named == null ? null : named.chain();
        }

        @Override
        public @Nullable PrivateKey getPrivateKey(String alias) {
            TlsIdentity named = named(alias);
            return named == null ? null : named.key();
        }

        @Override
        public String @Nullable [] getServerAliases(
                String keyType, Principal @Nullable [] issuers) {
            return keyType.equals("EC") ? new String[] {alias(identity())} : null;
        }

        @Override
        public String @Nullable [] getClientAliases(
                String keyType, Principal @Nullable [] issuers) {
            return null;
        }

        @Override
        public @Nullable String chooseClientAlias(
                String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
            return null;
        }

        private @Nullable TlsIdentity named(String alias) {
            Shown both = shown;
            if (alias(both.now()).equals(alias)) {
                return both.now();
            }
            return alias(both.before()).equals(alias) ? both.before() : null;
        }

        private static String alias(TlsIdentity identity) {
            return Certificates.fingerprint(identity.certificate()).hex();
        }
    }
}
