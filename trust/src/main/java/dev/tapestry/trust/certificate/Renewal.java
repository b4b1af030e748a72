package dev.tapestry.trust.certificate;

import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/**
 * The next key and certificate of an identity. At any moment, however it is cut off, the identity
 * has one key and the certificate that belongs to it.
 *
 * <pre>
 *   renewal/   in the making: key.pem and request.pem, then ca.pem and certificate.pem
 *   renewed/   the same folder once its certificate counts: one renaming, and TlsIdentity.open
 *              reads here; its files are then copied over those of the identity, its key deleted
 *              first, so that without a key here the identity's own files are whole
 * </pre>
 *
 * <p>One thread of one process at a time renews an identity; others may read it meanwhile.
 */
public final class Renewal {

    private static final String MAKING = "renewal";
    private static final String RENEWED = "renewed";

    private final Path identity;
    private final Path making;
    private final Path renewed;

    private Renewal(Path identity) {
        this.identity = identity;
        this.making = identity.resolve(MAKING);
        this.renewed = identity.resolve(RENEWED);
    }

    /** The renewal of the identity in this directory, as far as it has come. */
    public static Renewal of(Path identity) {
        return new Renewal(identity);
    }

    /** The files of the identity that count now. */
    static Path place(Path identity) {
        Path renewed = identity.resolve(RENEWED);
        return Files.exists(renewed.resolve(KeyAndRequest.KEY)) ? renewed : identity;
    }

    /** A request for a new key, which is made here; the one of an attempt that was cut off. */
    public KeyAndRequest request() {
        return KeyAndRequest.createIn(making);
    }

    /**
     * Keeps what was issued for the request; it does not count yet.
     *
     * @throws TrustException {@code CERTIFICATE_REFUSED}: of another holder, authority or key, or
     *     for the key that it should replace
     */
    public TlsIdentity keep(X509Certificate certificate) {
        TlsIdentity present = TlsIdentity.open(identity);
        if (!Peer.of(certificate).equals(present.peer())
                || certificate.getPublicKey().equals(present.certificate().getPublicKey())) {
            throw new TrustException(
                    Code.CERTIFICATE_REFUSED,
                    "what was issued to renew the certificate of %s is of %s, or for the same key"
                            .formatted(present.peer().uri(), Peer.of(certificate).uri()));
        }
        return TlsIdentity.install(making, certificate, present.authority());
    }

    /**
     * What was issued and waits to count; nothing where it is damaged. Where it cannot be read now
     * it stays: the coordinator may count it already, and then its key is the only one.
     *
     * @throws TrustException {@code STORAGE}, {@code KEY_EXPOSED}: nothing is known of it
     */
    public Optional<TlsIdentity> issued() {
        if (!TlsIdentity.isIn(making)) {
            return Optional.empty();
        }
        if (Files.notExists(making.resolve(KeyAndRequest.KEY))) {
            discard(); // what a forgetting that was cut off has left
            return Optional.empty();
        }
        try {
            return Optional.of(TlsIdentity.read(making));
        } catch (TrustException e) {
            if (e.code() != Code.KEY_MALFORMED
                    && e.code() != Code.PEM_MALFORMED
                    && e.code() != Code.CERTIFICATE_REFUSED) {
                throw e;
            }
            discard();
            return Optional.empty();
        }
    }

    /** Whether something was issued, which may turn out to be damaged. */
    public boolean isIssued() {
        return TlsIdentity.isIn(making);
    }

    /** Makes what was issued count, from now on and for good. */
    public TlsIdentity accept() {
        settle();
        try {
            Files.move(making, renewed, StandardCopyOption.ATOMIC_MOVE);
            SafeFile.syncFolder(identity);
        } catch (IOException e) {
            throw new TrustException(Code.STORAGE, "cannot rename " + making + ": " + e, e);
        }
        settle();
        return TlsIdentity.open(identity);
    }

    /** Finishes what was cut off after it counted. */
    public void settle() {
        if (Files.exists(renewed.resolve(KeyAndRequest.KEY))) {
            for (String file :
                    List.of(
                            KeyAndRequest.REQUEST,
                            TlsIdentity.AUTHORITY,
                            TlsIdentity.CERTIFICATE)) {
                SafeFile.write(identity.resolve(file), SafeFile.read(renewed.resolve(file)));
            }
            SafeFile.writeSecret(
                    identity.resolve(KeyAndRequest.KEY),
                    SafeFile.readSecret(renewed.resolve(KeyAndRequest.KEY)));
        }
        delete(renewed);
    }

    /** Forgets what is in the making. */
    public void discard() {
        delete(making);
    }

    private static void delete(Path folder) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try {
            // The key first: a folder without it stands for nothing.
            if (Files.deleteIfExists(folder.resolve(KeyAndRequest.KEY))) {
                SafeFile.syncFolder(folder);
            }
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
                for (Path file : files) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        } catch (IOException e) {
            throw new TrustException(Code.STORAGE, "cannot delete " + folder + ": " + e, e);
        }
    }
}
