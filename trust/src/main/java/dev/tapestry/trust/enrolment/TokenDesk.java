package dev.tapestry.trust.enrolment;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;

/**
 * Issues tokens and redeems each of them once, also when several processes and threads do so at the
 * same time.
 *
 * <p>The directory holds {@code <digest of the secret>.grant} for each token, and {@code
 * <digest>.used} beside it from the moment it is used. Whoever creates the second file first has
 * the token; creating a file is atomic.
 */
public final class TokenDesk {

    private final Path directory;
    private final SecureRandom random;

    /** What is kept of a token. */
    private record Grant(MemberId member, Instant expiresAt) {}

    /** What is kept of its use: the digest of the signing request it was used for. */
    private record Use(Digest claimant, Instant at) {}

    /** A desk in this directory, which need not exist yet. */
    public TokenDesk(Path directory, SecureRandom random) {
        this.directory = directory;
        this.random = random;
    }

    /** Issues a token; its secret exists only in the answer. */
    public EnrolmentToken issue(
            URI coordinator, Digest authority, MemberId member, Instant now, Duration validity) {
        EnrolmentToken token =
                new EnrolmentToken(
                        coordinator, authority, member, EnrolmentToken.Secret.random(random));
        SafeFile.writeSecret(
                grant(token.secret()), document(new Grant(member, now.plus(validity))));
        return token;
    }

    /**
     * Uses a token up.
     *
     * @param claimant digest of what the certificate is asked for (the signing request): the same
     *     one may ask again, so that an answer lost on the way costs nobody a new token
     */
    public Redemption redeem(EnrolmentToken.Secret secret, Digest claimant, Instant now) {
        if (!Files.exists(grant(secret))) {
            return new Redemption.Unknown();
        }
        Grant grant = read(grant(secret), Grant.class);
        if (!now.isBefore(grant.expiresAt())) {
            return new Redemption.Expired(grant.member(), grant.expiresAt());
        }
        if (claim(secret, new Use(claimant, now))) {
            return new Redemption.Accepted(grant.member(), false);
        }
        return read(used(secret), Use.class).claimant().equals(claimant)
                ? new Redemption.Accepted(grant.member(), true)
                : new Redemption.AlreadyUsed(grant.member());
    }

    /** Makes a token worthless; false when there is none, or it is used already. */
    public boolean withdraw(EnrolmentToken token) {
        try {
            return !Files.exists(used(token.secret()))
                    && Files.deleteIfExists(grant(token.secret()));
        } catch (IOException e) {
            throw storage(grant(token.secret()), e);
        }
    }

    /** Whether this call was the first to use the token; what it wrote is then on the disk. */
    private boolean claim(EnrolmentToken.Secret secret, Use use) {
        Path whole = directory.resolve("." + secret.digest().hex() + "-" + use.claimant().hex());
        try {
            SafeFile.writeSecret(whole, document(use));
            // A hard link appears with its whole content or not at all, and never replaces.
            Files.createLink(used(secret), whole);
            try (FileChannel folder = FileChannel.open(directory, StandardOpenOption.READ)) {
                folder.force(true);
            }
            return true;
        } catch (FileAlreadyExistsException _) {
            return false;
        } catch (IOException e) {
            throw storage(used(secret), e);
        } finally {
            delete(whole);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw storage(file, e);
        }
    }

    private static String document(Object record) {
        return new String(CanonicalJson.write(record), UTF_8);
    }

    private static <T> T read(Path file, Class<T> type) {
        return CanonicalJson.read(SafeFile.read(file).getBytes(UTF_8), type);
    }

    private Path grant(EnrolmentToken.Secret secret) {
        return directory.resolve(secret.digest().hex() + ".grant");
    }

    private Path used(EnrolmentToken.Secret secret) {
        return directory.resolve(secret.digest().hex() + ".used");
    }

    private static TrustException storage(Path file, IOException e) {
        return new TrustException(Code.STORAGE, "cannot write " + file + ": " + e, e);
    }
}
