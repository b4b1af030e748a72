package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How {@code ./tapestry} finds a JDK and Maven: in a copy that looks for them in here. */
class LauncherTest {

    private static final List<String> TOOLS =
            List.of("dirname", "readlink", "sed", "find", "head", "touch");

    @TempDir Path machine;

    private Path launcher;
    private final Map<String, String> environment = new TreeMap<>();

    /** What the launcher said. */
    private record Said(int exit, String text) {}

    @BeforeEach
    void copy() throws IOException {
        String script =
                Files.readString(Program.home().resolve("tapestry"))
                        .replace("/usr/lib/jvm/*", machine + "/jvm/*")
                        .replace("/usr/java/* /opt/java/* /opt/jdk*", "")
                        .replace("/Library/Java/JavaVirtualMachines/*/Contents/Home", "");
        launcher = machine.resolve("checkout/tapestry");
        Files.createDirectories(launcher.getParent());
        Files.writeString(launcher, script);
        executable(launcher);
        Path tools = Files.createDirectories(machine.resolve("bin"));
        for (String tool : TOOLS) {
            Path stand = tools.resolve(tool);
            Files.writeString(stand, "#!/bin/sh\nexec /usr/bin/" + tool + " \"$@\"\n");
            executable(stand);
        }
        environment.put("PATH", tools.toString());
        environment.put("HOME", machine.resolve("home").toString());
    }

    @Test
    void a_new_jdk_in_a_usual_place_is_found_though_the_default_is_older() throws Exception {
        Path old = jdk("jvm/java-17", "17.0.12");
        Path right = jdk("jvm/temurin-25", "25.0.3");
        environment.put("JAVA_HOME", old.toString());
        Files.createSymbolicLink(machine.resolve("bin/java"), old.resolve("bin/java"));

        Said said = run("doctor", "a b");
        assertThat(said.exit()).isZero();
        assertThat(said.text()).startsWith(right.toString()).contains("[doctor][a b]");
    }

    @Test
    void the_jdk_that_is_named_comes_first() throws Exception {
        jdk("jvm/temurin-25", "25.0.3");
        Path named = jdk("mine", "26");
        environment.put("TAPESTRY_JAVA_HOME", named.toString());
        assertThat(run("demo").text()).startsWith(named.toString());
    }

    @Test
    void a_new_jdk_on_the_path_alone_is_found() throws Exception {
        Path right = jdk("elsewhere", "25");
        Files.createSymbolicLink(machine.resolve("bin/java"), right.resolve("bin/java"));
        assertThat(run("demo").text()).startsWith(right.toString());
    }

    @Test
    void without_a_jdk_it_says_what_to_install() throws Exception {
        jdk("jvm/java-17", "17.0.12");
        Files.createDirectories(machine.resolve("jvm/broken/bin"));
        assertLacking("no JDK 25 or newer was found", "Install one");
    }

    @Test
    void without_maven_it_says_what_to_install() throws Exception {
        jdk("jvm/temurin-25", "25");
        Files.createDirectories(launcher.resolveSibling("app/src"));
        assertLacking("install the package 'maven'");
    }

    @Test
    void libtorch_s_build_for_gpus_takes_the_place_of_the_other_where_it_is_named()
            throws Exception {
        jdk("jvm/temurin-25", "25");
        Path lib = Files.createDirectories(launcher.resolveSibling("app/target/lib"));
        Files.createFile(lib.resolve("pytorch-2.1-1.5-linux-x86_64.jar"));
        Path other = Files.createFile(lib.resolve("slf4j-api.jar"));
        assertThat(run("demo").text()).contains("[-cp][" + lib + "/*]").doesNotContain("cachedir");

        Path gpu = Files.createDirectories(machine.resolve("my libtorch"));
        environment.put("TAPESTRY_LIBTORCH_GPU", gpu.toString());
        Files.createFile(gpu.resolve("pytorch-2.0-1.5-linux-x86_64-gpu.jar"));
        assertLacking("no " + gpu + "/pytorch-2.1-1.5-linux-x86_64-gpu.jar");

        Files.createFile(gpu.resolve("pytorch-2.1-1.5-linux-x86_64-gpu.jar"));
        assertThat(run("demo").text())
                .contains("[-cp][" + gpu + "/*:" + other + "]")
                .contains("javacpp.cachedir=" + machine.resolve("home") + "/.javacpp/cache-gpu]");
        assertThat(run("coordinator", "start").text()).doesNotContain(gpu + "/*", "cachedir");
    }

    private void assertLacking(String... words) throws Exception {
        Said said = run("demo");
        assertThat(said.exit()).isEqualTo(3);
        assertThat(said.text()).contains(words);
    }

    /** A JDK as far as the launcher looks at it; its java says where it is and what it was told. */
    private Path jdk(String place, String version) throws IOException {
        Path jdk = Files.createDirectories(machine.resolve(place));
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        Path java = Files.createDirectories(jdk.resolve("bin")).resolve("java");
        Files.writeString(java, "#!/bin/sh\nprintf '%s ' \"$0\"; printf '[%s]' \"$@\"\n");
        executable(java);
        return jdk;
    }

    private static void executable(Path file) {
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    private Said run(String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(launcher.toString()));
        command.addAll(List.of(words));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Said(process.waitFor(), text);
    }
}
