package dev.tapestry.app.bench;

import dev.tapestry.app.bench.BenchException.Code;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Two network namespaces of Linux, joined by a {@link DistantLine} and by nothing else. They, and
 * with them the devices in them, are gone when this is closed.
 */
final class Namespaces implements AutoCloseable {

    /** Addresses that RFC 2544 sets aside for benchmarks; seen only within the namespaces. */
    static final String NEAR_ADDRESS = "198.18.77.1";

    /** For what a command does that has said all it has to say. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final String FAR_ADDRESS = "198.18.77.2";

    private static final String PREFIX = "tapestry-wan-";
    private static final Pattern NAME = Pattern.compile(PREFIX + "(\\d+)-(near|far)");

    private final String near;
    private final String far;
    private final List<String> made = new ArrayList<>();

    private Namespaces(String name) {
        this.near = name + "-near";
        this.far = name + "-far";
    }

    /**
     * Says at once what is lacking.
     *
     * @throws BenchException {@code NETWORK}
     */
    static void require() {
        if (!words(List.of("id", "-u")).strip().equals("0")) {
            throw new BenchException(
                    Code.NETWORK,
                    "only root may make network namespaces: run it with sudo, or measure on this machine alone with 'tapestry bench transfer'");
        }
        if (!Tun.isThere()) {
            throw new BenchException(
                    Code.NETWORK,
                    Tun.DEVICE
                            + " is not there or cannot be written: load the kernel's module 'tun', or give the container the device");
        }
    }

    /**
     * Makes both.
     *
     * @throws BenchException {@code NETWORK}: the system does not give them
     */
    static Namespaces make() {
        removeAbandoned();
        Namespaces namespaces = new Namespaces(PREFIX + ProcessHandle.current().pid());
        try {
            namespaces.add(namespaces.near);
            namespaces.add(namespaces.far);
            return namespaces;
        } catch (BenchException e) {
            namespaces.close();
            throw e;
        }
    }

    /** Those of a benchmark that was killed before it could remove them. */
    private static void removeAbandoned() {
        for (String line : words(List.of("ip", "netns", "list")).lines().toList()) {
            Matcher ours = NAME.matcher(line);
            if (ours.lookingAt() && ProcessHandle.of(Long.parseLong(ours.group(1))).isEmpty()) {
                words(List.of("ip", "netns", "del", ours.group()));
            }
        }
    }

    private void add(String namespace) {
        words(List.of("ip", "netns", "add", namespace));
        made.add(namespace);
        words(within(namespace, "ip", "link", "set", "lo", "up"));
    }

    /** Lays a line between them. */
    DistantLine join(long seed) {
        String suffix = Long.toString(ProcessHandle.current().pid());
        Tun one = end("tapn" + suffix, near, NEAR_ADDRESS);
        Tun other = end("tapf" + suffix, far, FAR_ADDRESS);
        return new DistantLine(other, one, seed);
    }

    private static Tun end(String device, String namespace, String address) {
        Tun tun = Tun.create(device);
        words(List.of("ip", "link", "set", device, "netns", namespace));
        words(within(namespace, "ip", "address", "add", address + "/24", "dev", device));
        String mtu = Integer.toString(DistantLine.MTU);
        // A queue that no burst of a window fills: what is dropped the line drops, not the device.
        words(
                within(
                        namespace,
                        "ip",
                        "link",
                        "set",
                        device,
                        "up",
                        "mtu",
                        mtu,
                        "txqueuelen",
                        "20000"));
        return tun;
    }

    /** How a command begins that runs where the coordinator is. */
    List<String> near() {
        return within(near);
    }

    /** How a command begins that runs where the node is. */
    List<String> far() {
        return within(far);
    }

    private static List<String> within(String namespace, String... command) {
        List<String> words = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
        words.addAll(List.of(command));
        return words;
    }

    private static String words(List<String> command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String said =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            // It has said all: it ends now, or hangs.
            if (!process.waitFor(PATIENCE) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw new BenchException(
                        Code.NETWORK, String.join(" ", command) + ": " + said.strip());
            }
            return said;
        } catch (IOException e) {
            throw new BenchException(
                    Code.NETWORK,
                    "cannot run '%s'; the package iproute2 has it".formatted(command.getFirst()),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BenchException(Code.STOPPED, "interrupted", e);
        }
    }

    @Override
    public void close() {
        for (String namespace : made) {
            words(List.of("ip", "netns", "del", namespace));
        }
        made.clear();
    }
}
