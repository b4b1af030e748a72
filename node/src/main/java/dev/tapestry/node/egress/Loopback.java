package dev.tapestry.node.egress;

import java.util.regex.Pattern;

/** Addresses of this machine that nobody else reaches. */
public final class Loopback {

    /** No other name: whose it is says a name service. */
    private static final Pattern HOST =
            Pattern.compile("localhost|127(\\.\\d{1,3}){3}|::1|\\[::1]");

    private Loopback() {}

    /** Whether {@code host} is one, as a URL or a plan writes it. */
    public static boolean is(String host) {
        return HOST.matcher(host).matches();
    }
}
