package dev.tapestry.trust.signature;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.trust.Mutations;
import dev.tapestry.trust.Pem;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.TrustException.Code;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SigningKeyTest {

    @TempDir Path directory;

    /** RFC 8032 §7.1, tests 1 and 2. */
    @Test
    void the_signatures_of_rfc_8032_verify() {
        HexFormat hex = HexFormat.of();
        VerifyingKey one =
                VerifyingKey.ofRaw(
                        hex.parseHex(
                                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"));
        byte[] signature =
                hex.parseHex(
                        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
        assertThat(one.verifies(new byte[0], signature)).isTrue();
        assertThat(one.verifies(new byte[1], signature)).isFalse();
        VerifyingKey two =
                VerifyingKey.ofRaw(
                        hex.parseHex(
                                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
        assertThat(
                        two.verifies(
                                new byte[] {0x72},
                                hex.parseHex(
                                        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")))
                .isTrue();
    }

    @Test
    void a_key_comes_back_from_its_file_which_only_its_owner_can_read() throws IOException {
        Path file = directory.resolve("deep/signing-key.pem");
        SigningKey key = SigningKey.loadOrCreate(file);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        SigningKey again = SigningKey.loadOrCreate(file);
        assertThat(again.verifyingKey()).isEqualTo(key.verifyingKey());
        assertThat(again.sign(new byte[] {1})).isEqualTo(key.sign(new byte[] {1}));
        try (var files = Files.list(directory.resolve("deep"))) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void a_key_that_others_can_read_is_refused_with_the_command_that_helps() throws IOException {
        Path file = directory.resolve("signing-key.pem");
        SigningKey.generate().save(file);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        assertThatThrownBy(() -> SigningKey.load(file))
                .isInstanceOfSatisfying(
                        TrustException.class, e -> assertThat(e.code()).isEqualTo(Code.KEY_EXPOSED))
                .hasMessageContaining("chmod 600 " + file);
    }

    @Test
    void two_halves_of_different_keys_are_refused() throws IOException {
        Path one = directory.resolve("one.pem");
        Path two = directory.resolve("two.pem");
        SigningKey.generate().save(one);
        SigningKey.generate().save(two);
        int middle = Files.readString(one).indexOf("-----BEGIN PUBLIC");
        Files.writeString(
                one,
                Files.readString(one).substring(0, middle)
                        + Files.readString(two).substring(middle));
        assertThatThrownBy(() -> SigningKey.load(one))
                .hasMessageContaining("do not belong together");
    }

    @Test
    void a_verifying_key_has_one_text_only() {
        VerifyingKey key = SigningKey.generate().verifyingKey();
        assertThat(new VerifyingKey(key.value())).isEqualTo(key);
        assertThat(VerifyingKey.ofRaw(key.raw())).isEqualTo(key);
        assertThat(key.keyid()).matches("[0-9a-f]{16}");
        for (String bad :
                List.of(
                        "",
                        key.value() + "=",
                        key.value().substring(1),
                        "ed25519:AAAA",
                        "ed25519:" + "A".repeat(42) + "B")) {
            assertThatThrownBy(() -> new VerifyingKey(bad))
                    .as(bad)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void spoilt_key_files_are_refused_and_nothing_else_happens() throws IOException {
        Path file = directory.resolve("signing-key.pem");
        SigningKey.generate().save(file);
        Mutations.onlyTrustExceptions(
                13,
                100,
                Files.readAllBytes(file),
                bytes -> {
                    try {
                        Files.write(file, bytes);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                    SigningKey.load(file);
                });
    }

    @Test
    void spoilt_pem_is_refused_and_nothing_else_happens() {
        byte[] good = Pem.encode("CERTIFICATE", new byte[200]).getBytes(UTF_8);
        Mutations.onlyTrustExceptions(
                14, 2_000, good, bytes -> Pem.decode("CERTIFICATE", new String(bytes, UTF_8)));
        assertThatThrownBy(() -> Pem.decode("X", "-".repeat(Pem.MAX_LENGTH + 1)))
                .hasMessageContaining("at most");
    }
}
