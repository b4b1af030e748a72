package dev.tapestry.node.egress;

import dev.tapestry.node.egress.ProxyException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Asks a proxy for a tunnel, on a connection to it that is open.
 *
 * <p>The HTTP client could do that too, but hands the proxy's refusals on as if the coordinator had
 * answered: here the two never meet.
 */
final class ProxyTunnel {

    /** The proxy has to reach the other end first. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final int MAX_HEAD = 16 << 10;
    private static final int CREDENTIALS_ASKED = 407;
    private static final Pattern STATUS =
            Pattern.compile("HTTP/1\\.[01] ([1-5][0-9]{2})(?: (.*))?");

    private ProxyTunnel() {}

    /**
     * Returns when whatever is written to {@code socket} goes to {@code host}.
     *
     * @throws ProxyException if the proxy opens no tunnel
     */
    static void open(Socket socket, HttpProxy proxy, String host, int port) throws IOException {
        String target = host + ":" + port;
        StringBuilder head = new StringBuilder();
        head.append("CONNECT ").append(target).append(" HTTP/1.1\r\nHost: ").append(target);
        if (proxy.login().isPresent()) {
            // At once, not when asked: a node that was told a password is to use it, and half the
            // proxies close the connection on which they ask.
            head.append("\r\nProxy-Authorization: ").append(proxy.login().get().basic());
        }
        head.append("\r\nUser-Agent: tapestry-node\r\n\r\n");
        List<String> answer;
        try {
            socket.setSoTimeout((int) PATIENCE.toMillis());
            socket.getOutputStream().write(head.toString().getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().flush();
            answer = head(socket.getInputStream(), proxy);
        } catch (SocketTimeoutException e) {
            throw new ProxyException(
                    Kind.BEYOND,
                    "the proxy %s did not answer within %d s whether it opens a way to %s"
                            .formatted(proxy.address(), PATIENCE.toSeconds(), target),
                    e);
        } catch (ProxyException e) {
            throw e;
        } catch (IOException e) {
            throw new ProxyException(
                    Kind.UNREACHABLE,
                    "the proxy %s broke off: %s".formatted(proxy.address(), e.getMessage()),
                    e);
        }
        judge(answer, proxy, target);
    }

    private static void judge(List<String> answer, HttpProxy proxy, String target)
            throws ProxyException {
        Matcher status = STATUS.matcher(answer.getFirst());
        if (!status.matches()) {
            throw noProxy(proxy);
        }
        int code = Integer.parseInt(status.group(1));
        String said = shown(code + (status.group(2) == null ? "" : " " + status.group(2)));
        if (code == CREDENTIALS_ASKED) {
            throw new ProxyException(Kind.CREDENTIALS, credentials(answer, proxy, said), null);
        }
        if (code >= 500) {
            throw new ProxyException(
                    Kind.BEYOND,
                    "the proxy %s gets no way to %s: %s".formatted(proxy.address(), target, said),
                    null);
        }
        if (code < 200 || code >= 300) {
            throw new ProxyException(
                    Kind.REFUSED,
                    "the proxy %s does not let this node through to %s: %s"
                            .formatted(proxy.address(), target, said),
                    null);
        }
    }

    private static String credentials(List<String> answer, HttpProxy proxy, String said) {
        List<String> schemes =
                answer.stream()
                        .filter(line ->
                                line.toLowerCase(Locale.ROOT).startsWith("proxy-authenticate:"))
                        .map(line -> shown(line.substring("proxy-authenticate:".length()).strip()))
                        .toList();
        String asks = "(%s; it takes %s)".formatted(said, schemes);
        return proxy.login()
                .map(login ->
                        "the proxy %s does not take user '%s' with the password in %s %s"
                                .formatted(
                                        proxy.address(), login.user(), login.passwordFile(), asks))
                .orElseGet(() ->
                        "the proxy %s asks for a user and a password %s"
                                .formatted(proxy.address(), asks));
    }

    /** The lines of the answer's head, and not a byte more: what follows is the other end's. */
    private static List<String> head(InputStream in, HttpProxy proxy) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.length() < 4 || head.indexOf("\r\n\r\n", head.length() - 4) < 0) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("it closed the connection without an answer");
            }
            head.append((char) next);
            if (head.length() == MAX_HEAD || (head.length() == 5 && head.indexOf("HTTP/") != 0)) {
                throw noProxy(proxy);
            }
        }
        return head.toString().lines().toList();
    }

    private static ProxyException noProxy(HttpProxy proxy) {
        return new ProxyException(
                Kind.REFUSED,
                "what answers at %s is no HTTP proxy".formatted(proxy.address()),
                null);
    }

    /** Foreign words in a line of ours. */
    private static String shown(String words) {
        String plain = words.replaceAll("[^ -~]", "?");
        return plain.substring(0, Math.min(plain.length(), 200));
    }
}
