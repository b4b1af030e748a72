package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** The templates for clusters, with programs in the place of a cluster's own that do their part. */
@Timeout(600)
class ClusterTemplatesTest {

    private static final Path TRAINERS = Program.home().resolve("docs/examples/trainers");
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    /** Runs what it is to wrap, and ends with its exit code, as with --wait. */
    private static final String SBATCH =
            """
            echo "$@" >> "$CALLS"
            for word in "$@"; do case $word in --wrap=*) wrapped=${word#--wrap=};; esac; done
            echo '4711;cluster'
            bash -c "$wrapped" & echo $! > "$CALLS.pid"
            wait $!
            """;

    private static final String KUBECTL =
            """
            echo "$@" >> "$CALLS"
            case "$3" in
                apply) cat > "$CALLS.yaml" ;;
                logs) echo 'the pod says hello' ;;
                wait) case "$4" in *"=$OUTCOME") exit 0 ;; *) exec sleep 600 ;; esac ;;
            esac
            """;

    @TempDir Path directory;
    private Path job;
    private Path calls;

    @BeforeEach
    void aClusterOfScripts() throws IOException {
        job = Files.createDirectories(directory.resolve("job"));
        Files.createDirectories(job.resolve("state"));
        calls = directory.resolve("calls");
        program("sbatch", SBATCH);
        program(
                "squeue",
                "test -e \"$CALLS.pid\" && kill -0 $(cat \"$CALLS.pid\") && echo PENDING");
        program("scancel", "echo scancel \"$@\" >> \"$CALLS\"\nkill $(cat \"$CALLS.pid\") || true");
        program("kubectl", KUBECTL);
    }

    private void program(String name, String script) throws IOException {
        Path file = Files.createDirectories(directory.resolve("bin")).resolve(name);
        Files.writeString(file, "#!/usr/bin/env bash\n" + script);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }

    private Process start(String template, String work, String outcome) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder("bash", TRAINERS.resolve(template).toString(), job.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("printed").toFile());
        builder.environment().put("PATH", directory.resolve("bin") + ":" + System.getenv("PATH"));
        builder.environment().put("CALLS", calls.toString());
        builder.environment().put("OUTCOME", outcome);
        builder.environment().put("TAPESTRY_TRAINER", work);
        builder.environment().put("TAPESTRY_IMAGE", "registry.example/trainer:1");
        builder.environment().put("TAPESTRY_POLL", "0.1");
        return builder.start();
    }

    private int exitCode(Process process) throws InterruptedException {
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    private String called() throws IOException {
        return Files.exists(calls) ? Files.readString(calls) : "";
    }

    @Test
    void every_script_is_one_and_the_job_s_description_is_yaml()
            throws IOException, InterruptedException {
        try (Stream<Path> scripts = Files.list(TRAINERS)) {
            List<Path> all = scripts.filter(file -> file.toString().endsWith(".sh")).toList();
            assertThat(all).hasSize(3);
            for (Path script : all) {
                assertThat(new ProcessBuilder("bash", "-n", script.toString()).start().waitFor())
                        .as(script.toString())
                        .isZero();
            }
        }
        JsonNode yaml = new YAMLMapper().readTree(TRAINERS.resolve("kubernetes-job.yaml").toFile());
        assertThat(yaml.at("/kind").asString()).isEqualTo("Job");
        assertThat(yaml.at("/spec/backoffLimit").asInt()).isZero();
        assertThat(yaml.at("/spec/template/spec/containers/0/image").asString())
                .isEqualTo("@IMAGE@");
    }

    @Test
    void slurm_s_job_is_given_the_directory_and_its_exit_code_comes_back()
            throws IOException, InterruptedException {
        Path trainer =
                Files.writeString(directory.resolve("work.sh"), "echo $1 > $1/seen; exit 5\n");
        assertThat(exitCode(start("slurm.sh", "bash " + trainer, ""))).isEqualTo(5);
        assertThat(job.resolve("seen")).content().isEqualTo(job + "\n");
        assertThat(called()).contains("--wait", "--no-requeue", "--chdir=" + job);
        Files.writeString(trainer, "exit 0\n");
        assertThat(exitCode(start("slurm.sh", "bash " + trainer, ""))).isZero();
    }

    @Test
    void slurm_s_job_is_cancelled_when_the_node_stops_the_template()
            throws IOException, InterruptedException {
        Path trainer = Files.writeString(directory.resolve("work.sh"), "exec sleep 600\n");
        Process template = start("slurm.sh", "bash " + trainer, "");
        await().atMost(PATIENCE)
                .until(() -> Files.readString(directory.resolve("printed")).contains("4711 waits"));
        template.destroy();
        assertThat(exitCode(template)).isEqualTo(143);
        assertThat(called()).contains("scancel 4711");
    }

    @Test
    void kubernetes_job_is_made_watched_and_removed_and_its_outcome_comes_back()
            throws IOException, InterruptedException {
        assertThat(exitCode(start("kubernetes.sh", "", "complete"))).isZero();
        JsonNode applied = new YAMLMapper().readTree(Path.of(calls + ".yaml").toFile());
        assertThat(applied.at("/metadata/name").asString()).isEqualTo("tapestry-job");
        assertThat(applied.at("/spec/template/spec/containers/0/command/2").asString())
                .isEqualTo("/volume/job");
        assertThat(applied.toString()).contains("registry.example/trainer:1").doesNotContain("@");
        assertThat(called())
                .endsWith(
                        "delete job tapestry-job --ignore-not-found --cascade=foreground --wait=true\n");
        assertThat(directory.resolve("printed")).content().contains("the pod says hello");
        assertThat(exitCode(start("kubernetes.sh", "", "failed"))).isEqualTo(1);
    }

    @Test
    void kubernetes_job_is_removed_when_the_node_stops_the_template()
            throws IOException, InterruptedException {
        Process template = start("kubernetes.sh", "", "never");
        await().atMost(PATIENCE).until(() -> called().contains(" logs "));
        template.destroy();
        assertThat(exitCode(template)).isEqualTo(143);
        assertThat(called().lines().filter(line -> line.contains(" delete job ")).count())
                .isEqualTo(2);
    }
}
