package dev.tapestry.trust.certificate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The next key and certificate of a member's identity, and what is left of a renewal cut off. */
class RenewalTest {

    private static final Duration YEAR = Duration.ofDays(365);
    private static final Peer KYOTO = new Peer.Member(new MemberId("kyoto"));
    private static final List<String> FILES =
            List.of("key.pem", "request.pem", "ca.pem", "certificate.pem");

    @TempDir Path directory;
    private final Instant now = Instant.now();
    private Path home;
    private CertificateAuthority ca;
    private X509Certificate first;

    @BeforeEach
    void an_identity() {
        home = directory.resolve("kyoto");
        ca = CertificateAuthority.create(directory.resolve("ca"), "consortium", now);
        first = ca.establish(home, KYOTO, List.of(), now, YEAR).certificate();
    }

    private X509Certificate issued(Renewal renewal) {
        return ca.issue(renewal.request().requestPem(), KYOTO, List.of(), now, YEAR);
    }

    private X509Certificate present() {
        return TlsIdentity.open(home).certificate();
    }

    @Test
    void the_next_certificate_counts_once_it_is_accepted_and_has_a_key_of_its_own()
            throws IOException {
        Renewal renewal = Renewal.of(home);
        X509Certificate next = issued(renewal);
        renewal.keep(next);
        assertThat(present()).isEqualTo(first);
        assertThat(renewal.issued().orElseThrow().certificate()).isEqualTo(next);
        assertThat(renewal.accept().certificate()).isEqualTo(next);
        assertThat(next.getPublicKey()).isNotEqualTo(first.getPublicKey());
        assertThat(present()).isEqualTo(next);
        assertThat(renewal.issued()).isEmpty();
        assertThat(names(home)).containsExactlyInAnyOrderElementsOf(FILES);
        assertThat(
                        PosixFilePermissions.toString(
                                Files.getPosixFilePermissions(home.resolve("key.pem"))))
                .isEqualTo("rw-------");
        assertThat(KeyAndRequest.createIn(home).requestPem())
                .as("the request is of the key that is in use")
                .satisfies(pem ->
                        assertThat(Issuance.requestedKey(pem)).isEqualTo(next.getPublicKey()));
    }

    private static List<String> names(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    @Test
    void an_attempt_that_was_cut_off_is_repeated_with_the_same_key() {
        String request = Renewal.of(home).request().requestPem();
        assertThat(Renewal.of(home).request().requestPem()).isEqualTo(request);
        Renewal.of(home).discard();
        assertThat(Renewal.of(home).request().requestPem()).isNotEqualTo(request);
        assertThat(present()).isEqualTo(first);
    }

    /** Every state in which a process that is killed while it accepts can leave the directory. */
    @Test
    void killed_at_any_step_of_accepting_there_is_one_key_with_its_certificate()
            throws IOException {
        Renewal renewal = Renewal.of(home);
        X509Certificate next = issued(renewal);
        renewal.keep(next);
        Path before = copy(home, directory.resolve("before"));
        Path renewed = copy(home.resolve("renewal"), directory.resolve("renewed"));
        renewal.accept();
        Path after = copy(home, directory.resolve("after"));

        int states = 0;
        for (int copied = 0; copied <= FILES.size(); copied++) {
            // Files are copied one by one, the key last; then deleted one by one, the key first.
            Path state = copy(before, directory.resolve("copying-" + copied));
            delete(state.resolve("renewal"));
            copy(renewed, state.resolve("renewed"));
            for (String file : FILES.reversed().subList(0, copied)) {
                Files.copy(
                        after.resolve(file),
                        state.resolve(file),
                        StandardCopyOption.REPLACE_EXISTING);
            }
            settles(state, next);
            states++;
        }
        for (int deleted = 1; deleted <= FILES.size(); deleted++) {
            Path state = copy(after, directory.resolve("deleting-" + deleted));
            copy(renewed, state.resolve("renewed"));
            for (String file : FILES.subList(0, deleted)) {
                Files.delete(state.resolve("renewed").resolve(file));
            }
            settles(state, next);
            states++;
        }
        assertThat(states).isEqualTo(9);
    }

    private static void settles(Path state, X509Certificate next) throws IOException {
        assertThat(TlsIdentity.open(state).certificate()).as(state.toString()).isEqualTo(next);
        Renewal.of(state).settle();
        assertThat(TlsIdentity.open(state).certificate()).as(state.toString()).isEqualTo(next);
        assertThat(names(state)).containsExactlyInAnyOrderElementsOf(FILES);
    }

    @Test
    void what_is_damaged_in_the_making_is_forgotten_and_what_counts_stays() throws IOException {
        Renewal renewal = Renewal.of(home);
        renewal.keep(issued(renewal));
        Files.writeString(home.resolve("renewal/certificate.pem"), "no PEM");
        assertThat(renewal.issued()).isEmpty();
        assertThat(present()).isEqualTo(first);
        renewal.keep(issued(renewal));
        Files.delete(home.resolve("renewal/key.pem"));
        assertThat(renewal.issued()).isEmpty();
        assertThat(present()).isEqualTo(first);
    }

    /**
     * The coordinator may count the certificate already: its key is the only one that is let in.
     */
    @Test
    void what_cannot_be_read_for_a_while_keeps_its_key() throws IOException {
        Renewal renewal = Renewal.of(home);
        X509Certificate next = issued(renewal);
        renewal.keep(next);
        Path certificate = home.resolve("renewal/certificate.pem");
        Path aside = home.resolve("renewal/aside");
        Files.move(certificate, aside);
        Files.createDirectory(certificate); // is there, and cannot be read
        refuses(renewal, Code.STORAGE);
        Files.delete(certificate);
        Files.move(aside, certificate);
        Path key = home.resolve("renewal/key.pem");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
        refuses(renewal, Code.KEY_EXPOSED);
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        assertThat(renewal.issued().orElseThrow().certificate()).isEqualTo(next);
        assertThat(renewal.accept().certificate()).isEqualTo(next);
    }

    private static void refuses(Renewal renewal, Code code) {
        assertThatThrownBy(renewal::issued)
                .isInstanceOfSatisfying(
                        TrustException.class, e -> assertThat(e.code()).isEqualTo(code));
        assertThat(renewal.isIssued()).isTrue();
    }

    @Test
    void a_certificate_of_somebody_else_or_for_the_same_key_is_not_kept() {
        Renewal renewal = Renewal.of(home);
        String request = renewal.request().requestPem();
        Peer other = new Peer.Member(new MemberId("lima"));
        String inUse = KeyAndRequest.createIn(home).requestPem();
        for (X509Certificate bad :
                List.of(
                        ca.issue(request, other, List.of(), now, YEAR),
                        ca.issue(inUse, KYOTO, List.of(), now, YEAR),
                        ca.issue(
                                KeyAndRequest.createIn(directory.resolve("new")).requestPem(),
                                KYOTO,
                                List.of(),
                                now,
                                YEAR),
                        CertificateAuthority.create(directory.resolve("other"), "consortium", now)
                                .issue(request, KYOTO, List.of(), now, YEAR))) {
            assertThatThrownBy(() -> renewal.keep(bad))
                    .isInstanceOfSatisfying(
                            TrustException.class,
                            e -> assertThat(e.code()).isEqualTo(Code.CERTIFICATE_REFUSED));
        }
        assertThat(renewal.issued()).isEmpty();
        assertThat(present()).isEqualTo(first);
    }

    private static Path copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (var files = Files.list(from)) {
            for (Path file : files.toList()) {
                Path target = to.resolve(file.getFileName());
                if (Files.isDirectory(file)) {
                    copy(file, target);
                } else {
                    Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
        return to;
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    @Test
    void a_term_is_due_with_a_third_left_or_30_days_but_not_before_its_half() {
        assertThat(left(825)).isEqualTo(Duration.ofDays(275));
        assertThat(left(90)).isEqualTo(Duration.ofDays(30));
        assertThat(left(75)).isEqualTo(Duration.ofDays(30));
        assertThat(left(40)).isEqualTo(Duration.ofDays(20));
        assertThat(left(1)).isEqualTo(Duration.ofHours(12));
        Term last = new Term(now, now.plus(YEAR), now.plus(YEAR));
        assertThat(last.isDue(now.plus(YEAR))).isFalse();
        Term due = new Term(now, now.plus(YEAR), now.plus(YEAR).plusSeconds(1));
        assertThat(due.isDue(due.due())).isTrue();
        assertThat(due.isDue(due.due().minusNanos(1))).isFalse();
        assertThat(due.endsSoon(due.until().minus(Duration.ofDays(31)))).isFalse();
        assertThat(due.endsSoon(due.until().minus(Duration.ofDays(29)))).isTrue();
    }

    private Duration left(int days) {
        Term term = new Term(now, now.plus(Duration.ofDays(days)), now.plus(YEAR.multipliedBy(9)));
        return Duration.between(term.due(), term.until());
    }
}
