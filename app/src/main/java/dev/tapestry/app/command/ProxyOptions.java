package dev.tapestry.app.command;

import dev.tapestry.node.egress.HttpProxy;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The way out of a site that has only one. */
final class ProxyOptions {

    @Option(
            names = "--proxy",
            paramLabel = "URL",
            description = "HTTP proxy through which the coordinator is reached: http://HOST:PORT.")
    private @Nullable String address;

    @Option(
            names = "--proxy-user",
            paramLabel = "NAME",
            description = "Shown to the proxy, with the password in --proxy-password-file.")
    private @Nullable String user;

    @Option(
            names = "--proxy-password-file",
            paramLabel = "FILE",
            description = "Holds the password in one line; it is read for each connection.")
    private @Nullable Path passwordFile;

    Optional<HttpProxy> proxy() {
        boolean half = (user == null) != (passwordFile == null);
        if (half || (user != null && address == null)) {
            throw new CommandException(
                    ExitCode.USAGE,
                    "--proxy-user and --proxy-password-file go together, and with --proxy",
                    null);
        }
        if (address == null) {
            return Optional.empty();
        }
        Optional<HttpProxy.Login> login =
                user == null || passwordFile == null
                        ? Optional.empty()
                        : Optional.of(
                                new HttpProxy.Login(
                                        user, passwordFile.toAbsolutePath().normalize()));
        return Optional.of(HttpProxy.of(address, login));
    }
}
