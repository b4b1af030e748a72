package dev.tapestry.app.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** A port of this machine on which nobody listens, for a program that is about to. */
public final class FreePort {

    /** Not one that the kernel gives to whoever asks for any: so it stays free until it is used. */
    private static final int FIRST = 10_000;

    private static final int LIMIT = 32_000;

    private FreePort() {}

    /** Finds one. */
    public static int find() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, LIMIT);
            try (ServerSocket _ = new ServerSocket(port)) {
                return port;
            } catch (BindException _) {
                // Somebody has it; another one then.
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
