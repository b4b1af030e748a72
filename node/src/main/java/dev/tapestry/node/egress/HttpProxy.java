package dev.tapestry.node.egress;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.StrictYaml;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The site's way out: a proxy that opens tunnels (HTTP {@code CONNECT}, RFC 9110 §9.3.6). TLS goes
 * through it from end to end, so that it sees the coordinator's name and the number of bytes.
 *
 * @param host name or address; a name is looked up by this machine, the coordinator's by the proxy
 * @param port on which it listens
 * @param login what it is shown, if it asks who is there
 */
public record HttpProxy(String host, int port, Optional<Login> login) {

    private static final int LAST_PORT = 65_535;

    /**
     * Who this node is to the proxy.
     *
     * @param user its name there; without a colon
     * @param passwordFile a file with the password and nothing else, read for each connection
     */
    public record Login(String user, Path passwordFile) {

        public Login {
            if (user.isBlank() || user.contains(":") || user.chars().anyMatch(c -> c < ' ')) {
                throw invalid("proxy-user is a name without a colon, not '" + user + "'");
            }
        }

        /**
         * As {@code Basic} has it (RFC 7617).
         *
         * @throws ProxyException {@code CREDENTIALS} if the file cannot be read or is empty
         */
        String basic() throws ProxyException {
            String password;
            try {
                password = SafeFile.read(passwordFile).replaceFirst("\\R\\z", "");
            } catch (TrustException e) {
                throw new ProxyException(
                        ProxyException.Kind.CREDENTIALS,
                        "proxy-password-file: " + e.getMessage(),
                        e);
            }
            if (password.isEmpty() || password.chars().anyMatch(c -> c < ' ')) {
                throw new ProxyException(
                        ProxyException.Kind.CREDENTIALS,
                        passwordFile + " is to hold the proxy's password in one line, and does not",
                        null);
            }
            byte[] pair = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
            return "Basic " + Base64.getEncoder().encodeToString(pair);
        }
    }

    public HttpProxy {
        if (port < 1 || port > LAST_PORT) {
            throw invalid("proxy needs a port from 1 to 65535, as in http://proxy.example:3128");
        }
    }

    /**
     * The proxy at an address.
     *
     * @param address such as {@code http://proxy.example:3128}
     * @throws NodeException {@code CONFIG_INVALID}; a password in the address is refused too, for
     *     settings are shown
     */
    public static HttpProxy of(String address, Optional<Login> login) {
        URI uri;
        try {
            uri = new URI(address);
        } catch (URISyntaxException e) {
            throw invalid("proxy is an address such as http://proxy.example:3128");
        }
        if (uri.getRawUserInfo() != null) {
            throw invalid(
                    "proxy holds a user or a password, which whoever reads the settings would see;"
                            + " name them by proxy-user and proxy-password-file");
        }
        boolean bare =
                (uri.getRawPath() == null || uri.getRawPath().matches("/?"))
                        && uri.getRawQuery() == null
                        && uri.getRawFragment() == null;
        if (!"http".equalsIgnoreCase(uri.getScheme()) || uri.getHost() == null || !bare) {
            throw invalid(
                    "proxy is an address such as http://proxy.example:3128, not '" + address + "'");
        }
        return new HttpProxy(uri.getHost(), uri.getPort(), login);
    }

    /**
     * The proxy that other programs here would use, if any: for telling people. A node goes where
     * its settings say and nowhere else, whatever the environment holds.
     */
    public static Optional<String> inEnvironment(Map<String, String> variables) {
        return Stream.of("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
                .filter(name -> !variables.getOrDefault(name, "").isBlank())
                .findFirst();
    }

    /** Its address, without who asks. */
    public String address() {
        return "http://" + host + ":" + port;
    }

    /** Its lines in {@code node.yaml}. */
    public String yaml() {
        return "proxy: %s\n".formatted(StrictYaml.quoted(address()))
                + login.map(known ->
                                "proxy-user: %s\nproxy-password-file: %s\n"
                                        .formatted(
                                                StrictYaml.quoted(known.user()),
                                                StrictYaml.quoted(known.passwordFile().toString())))
                        .orElse("");
    }

    private static NodeException invalid(String message) {
        return new NodeException(Code.CONFIG_INVALID, message);
    }
}
