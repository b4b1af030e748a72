package dev.tapestry.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.coordinator.CoordinatorConfig.Listening;
import dev.tapestry.coordinator.CoordinatorConfig.Retention;
import dev.tapestry.coordinator.CoordinatorException.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CoordinatorConfigTest {

    @TempDir Path directory;

    private CoordinatorConfig written;
    private Path file;

    @BeforeEach
    void write() {
        written =
                new CoordinatorConfig(
                        directory,
                        new Listening("0.0.0.0", 8443, List.of("hub.example", "10.0.0.1")),
                        new Retention(2),
                        4,
                        32);
        written.write();
        file = directory.resolve("coordinator.yaml");
    }

    @Test
    void what_was_written_is_read() {
        assertThat(CoordinatorConfig.read(directory)).isEqualTo(written);
    }

    @Test
    void the_address_is_what_a_client_can_call_also_in_ipv6_but_not_with_port_0() {
        assertThat(written.listening().address()).hasToString("https://hub.example:8443");
        assertThat(new Listening("::", 8443, List.of("2001:db8::7")).address())
                .hasToString("https://[2001:db8::7]:8443");
        Listening chosenBySystem = new Listening("127.0.0.1", 0, List.of("localhost"));
        assertThatThrownBy(chosenBySystem::address)
                .isInstanceOf(CoordinatorException.class)
                .hasMessageContaining("port 0");
    }

    @Test
    void a_value_of_another_kind_is_refused_with_its_key() throws IOException {
        refused("port: 8443", "port: 84.7", "port: a whole number", "84.7");
        refused("port: 8443", "port: \"84\"", "port: a whole number", "84");
        refused("port: 8443", "port: 84000", "port is 0 to 65535, not 84000");
        refused("host: \"0.0.0.0\"", "host: 7", "host: a string is expected");
    }

    @Test
    void a_key_that_is_unknown_or_missing_is_refused_with_those_there_are() throws IOException {
        String keys =
                "the keys are [host, port, dnsNames, keepRounds, mergeThreads, transferMebibytes, log, objects]";
        refused("mergeThreads: 4", "mergeThreads: 4\ncolour: red", "unknown key 'colour'", keys);
        refused("mergeThreads: 4", "", "the key 'mergeThreads' is missing", keys);
        refused("transferMebibytes: 32", "transferMebibytes: 0", "transferMebibytes is 1 to 65536");
    }

    @Test
    void a_file_from_before_there_was_a_key_has_its_usual_value() throws IOException {
        Files.writeString(file, Files.readString(file).replace("transferMebibytes: 32", ""));
        assertThat(CoordinatorConfig.read(directory).transferMebibytes()).isEqualTo(64);
    }

    @Test
    void a_name_that_no_certificate_takes_is_refused_before_anything_is_founded()
            throws IOException {
        refused("\"hub.example\"", "\"my_host\"", "dnsNames: 'my_host' is neither a host name");
        Path consortium = directory.resolve("consortium");
        assertThatThrownBy(() -> found(consortium, "my_host"))
                .isInstanceOfSatisfying(
                        CoordinatorException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.CONFIGURATION));
        assertThat(consortium).doesNotExist();
        found(consortium, "myhost");
        assertThat(CoordinatorConfig.read(consortium).listening().dnsNames())
                .containsExactly("myhost");
    }

    @Test
    void a_founding_that_was_cut_off_is_told_from_a_consortium() throws IOException {
        Path half = directory.resolve("half");
        Files.createDirectories(half.resolve("ca"));
        assertThatThrownBy(() -> found(half, "myhost"))
                .hasMessageContaining("founding was cut off")
                .hasMessageContaining("delete the directory and found again");
        Path foreign = Files.createDirectories(directory.resolve("sources"));
        Files.writeString(foreign.resolve("pom.xml"), "<project/>");
        assertThatThrownBy(() -> found(foreign, "myhost")).hasMessageContaining("is not empty");
        assertThat(foreign.resolve("ca")).doesNotExist();
        Path whole = directory.resolve("whole");
        found(whole, "myhost");
        assertThatThrownBy(() -> found(whole, "myhost"))
                .hasMessageContaining("already holds a consortium");
    }

    private static void found(Path consortium, String name) {
        Coordinator.found(
                consortium,
                Stage.charter(1),
                new Listening("0.0.0.0", 8443, List.of(name)),
                Instant::now);
    }

    private void refused(String good, String bad, String... reasons) throws IOException {
        String before = Files.readString(file);
        assertThat(before).contains(good);
        Files.writeString(file, before.replace(good, bad));
        assertThatThrownBy(() -> CoordinatorConfig.read(directory))
                .isInstanceOfSatisfying(
                        CoordinatorException.class,
                        e -> assertThat(e.code()).isEqualTo(Code.CONFIGURATION))
                .hasMessageContaining(file.toString())
                .hasMessageContainingAll(reasons);
        Files.writeString(file, before);
    }
}
