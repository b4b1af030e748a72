package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.node.egress.HttpProxy;
import dev.tapestry.training.Device;
import dev.tapestry.training.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NodeConfigTest {

    @TempDir Path directory;

    @Test
    void settings_that_are_written_are_read_again() {
        NodeHome home = new NodeHome(directory);
        NodeConfig config =
                NodeConfig.standard(new MemberId("espoo"), Path.of("/data/a \"b\"\tc"))
                        .with(new Compute(3, Precision.BF16, Device.of("cuda:1"), 4, true));
        config.write(home);
        assertThat(NodeConfig.read(home)).isEqualTo(config);
    }

    @Test
    void the_processors_train_unless_another_device_is_named() throws IOException {
        NodeHome home = new NodeHome(directory);
        Files.writeString(home.config(), "member: espoo\ncorpus: x\n");
        assertThat(NodeConfig.read(home).compute().device()).isEqualTo(Device.CPU);
        Files.writeString(home.config(), "member: espoo\ncorpus: x\ndevice: cuda\n");
        assertThat(NodeConfig.read(home).compute().device()).isEqualTo(Device.of("cuda:0"));
        assertThat(NodeConfig.read(home).yaml()).contains("device: cuda:0\n");
    }

    @Test
    void a_trainer_of_the_member_s_own_is_written_and_read_again() {
        NodeHome home = new NodeHome(directory);
        NodeConfig config =
                NodeConfig.standard(new MemberId("espoo"), Path.of("/data"))
                        .withTrainer(
                                new TrainerCommand(
                                        List.of("bash", "/opt/my \"own\" train.sh"),
                                        Map.of("PARTITION", "gpu", "NO", "yes: no"),
                                        Duration.ofHours(2),
                                        Path.of("/shared/job")));
        config.write(home);
        assertThat(NodeConfig.read(home)).isEqualTo(config);
    }

    @Test
    void a_proxy_is_written_and_read_again_without_its_password() throws IOException {
        NodeHome home = new NodeHome(directory);
        Path password = Files.writeString(directory.resolve("proxy.pw"), "hunter2");
        NodeConfig config =
                NodeConfig.standard(new MemberId("espoo"), Path.of("/data"))
                        .withProxy(
                                Optional.of(
                                        HttpProxy.of(
                                                "http://[::1]:3128/",
                                                Optional.of(
                                                        new HttpProxy.Login("es poo", password)))));
        config.write(home);
        assertThat(NodeConfig.read(home)).isEqualTo(config);
        assertThat(config.yaml()).contains("http://[::1]:3128").doesNotContain("hunter2");
    }

    @Test
    void a_trainer_needs_a_command_only() throws IOException {
        Files.writeString(
                directory.resolve("node.yaml"),
                "member: espoo\ncorpus: x\ntrainer: {command: [sh, /a.sh]}\n");
        NodeHome home = new NodeHome(directory);
        assertThat(NodeConfig.read(home).trainer())
                .contains(
                        new TrainerCommand(
                                List.of("sh", "/a.sh"),
                                Map.of(),
                                Duration.ofMinutes(10),
                                home.job()));
    }

    @Test
    void a_relative_corpus_lies_beside_the_settings() throws IOException {
        Files.writeString(directory.resolve("node.yaml"), "member: espoo\ncorpus: ./text\n");
        assertThat(NodeConfig.read(new NodeHome(directory)).corpus())
                .isEqualTo(directory.toAbsolutePath().resolve("text"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "corpus: x | the key 'member' is missing",
                "member: espoo | the key 'corpus' is missing",
                "member: Espoo;corpus: x | a member id",
                "member: espoo;corpus: x;thread: 3 | unknown key 'thread'; the keys are [member, corpus, threads",
                "member: espoo;corpus: x;threads: many | whole number",
                "member: espoo;corpus: x;threads: 0 | between 1 and 1024",
                "member: espoo;corpus: x;threads: 2.0 | threads: a whole number",
                "member: espoo;corpus: x;threads: | threads: has no value",
                "member: espoo;corpus: x;keep-bases: '3' | keep-bases: a whole number",
                "member: espoo;corpus: x;keepBases: 3 | unknown key 'keepBases'",
                "member: espoo;corpus: [x] | corpus: a string is expected, not an array",
                "member: espoo;corpus: 7 | corpus: a string is expected, not 7; quote it",
                "member: &a espoo;corpus: *a | the alias *a is refused",
                "member: espoo;corpus: x;---;member: vaasa | not YAML",
                "member: espoo;corpus: \"\\0\" | Nul character",
                "member: espoo;corpus: x;hold-out-fraction: .nan | hold-out-fraction",
                "member: espoo;corpus: x;precision: fp8 | auto, fp32 or bf16",
                "member: espoo;corpus: x;device: gpu | device is cpu, cuda or cuda:N (0 to 99), not 'gpu'",
                "member: espoo;corpus: x;accumulation-steps: 0 | accumulation-steps is between 1 and",
                "member: espoo;corpus: x;activation-checkpointing: 1 | activation-checkpointing: ",
                "member: espoo;corpus: x;device: 0 | device: a string is expected",
                "member: espoo;corpus: x;hold-out-fraction: 1.5 | below 1",
                "member: espoo;corpus: x;trainer: {} | the key 'trainer.command' is missing",
                "member: espoo;corpus: x;trainer: {command: train.sh} | trainer.command: an array is expected",
                "member: espoo;corpus: x;trainer: {command: []} | names no program",
                "member: espoo;corpus: x;trainer: {command: [./a.sh]} | write the whole path",
                "member: espoo;corpus: x;trainer: {command: [a], lease: 10} | trainer.lease: a string is expected",
                "member: espoo;corpus: x;trainer: {command: [a], lease: PT0S} | between PT1S and P30D",
                "member: espoo;corpus: x;trainer: {command: [a], environment: {A B: c}} | no variable's name",
                "member: espoo;corpus: x;trainer: {command: [a], environment: {A: 1}} | quote it",
                "member: espoo;corpus: x;trainer: {command: [a], user: root} | unknown key 'trainer.user'",
                "member: espoo;corpus: x;proxy: proxy:3128 | such as http://proxy.example:3128",
                "member: espoo;corpus: x;proxy: https://proxy:3128 | such as http://proxy.example:3128",
                "member: espoo;corpus: x;proxy: http://proxy | needs a port",
                "member: espoo;corpus: x;proxy: http://me:hunter2@proxy:3128 | proxy-password-file",
                "member: espoo;corpus: x;proxy-user: me;proxy-password-file: pw | with proxy",
                "member: espoo;corpus: x;proxy: http://p:1;proxy-user: me | go together",
                "member: espoo;corpus: x;proxy: http://p:1;proxy-user: a:b;proxy-password-file: pw | without a colon",
                "member: espoo;member: vaasa;corpus: x | not YAML",
                "- a | key: value"
            })
    void wrong_settings_are_refused_with_the_key(String lines, String message) throws IOException {
        Files.writeString(directory.resolve("node.yaml"), lines.replace(";", "\n"));
        assertThatThrownBy(() -> NodeConfig.read(new NodeHome(directory)))
                .isInstanceOf(NodeException.class)
                .hasMessageContaining("node.yaml")
                .hasMessageContaining(message);
    }

    @Test
    void a_directory_without_settings_is_said_to_be_one() {
        assertThatThrownBy(() -> NodeConfig.read(new NodeHome(directory)))
                .isInstanceOf(NodeException.class)
                .hasMessageContaining("there is no file")
                .hasMessageContaining("node.yaml");
    }

    @Test
    void a_file_that_is_too_large_for_settings_is_refused() throws IOException {
        Files.writeString(
                directory.resolve("node.yaml"),
                "member: espoo\ncorpus: x\n# " + "x".repeat(65_536) + "\n");
        assertThatThrownBy(() -> NodeConfig.read(new NodeHome(directory)))
                .isInstanceOf(NodeException.class)
                .hasMessageContaining("more than 65536 bytes");
    }
}
