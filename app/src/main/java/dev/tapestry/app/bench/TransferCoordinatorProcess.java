package dev.tapestry.app.bench;

import dev.tapestry.app.steward.StewardClient;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.coordinator.Coordinator;
import dev.tapestry.coordinator.CoordinatorConfig;
import dev.tapestry.trust.certificate.TlsIdentity;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A coordinator in a process of its own, with its steward in the same process, for it may be where
 * nobody else can reach it, and with raw streams to compare with.
 */
final class TransferCoordinatorProcess {

    private TransferCoordinatorProcess() {}

    /** Serves the directory that is named and does what it is told on its standard input. */
    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        CoordinatorConfig founded = CoordinatorConfig.read(directory);
        CoordinatorConfig config =
                new CoordinatorConfig(
                        founded.directory(),
                        founded.listening(),
                        new CoordinatorConfig.Retention(1),
                        founded.mergeThreads(),
                        founded.transferMebibytes());
        RawEnd raw =
                RawEnd.of(
                        TlsIdentity.open(directory.resolve("identity")),
                        founded.listening().host());
        try (Coordinator coordinator = Coordinator.assemble(config)) {
            coordinator.start();
            URI address = coordinator.address();
            System.out.println("listening " + address);
            try (StewardClient steward =
                    new StewardClient(address, TlsIdentity.open(directory.resolve("steward")))) {
                obey(steward, raw);
            }
        }
    }

    private static void obey(StewardClient steward, RawEnd raw) throws IOException {
        BufferedReader orders =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = orders.readLine(); line != null; line = orders.readLine()) {
            List<String> words = List.of(line.split(" ", -1));
            switch (words.getFirst()) {
                case "invite" ->
                        System.out.println(
                                "invited "
                                        + steward.invite(
                                                new MemberId(words.getLast()),
                                                Duration.ofHours(1)));
                case "start" -> {
                    steward.start(RoundBenchmark.plan());
                    System.out.println("started");
                }
                case "raw" -> {
                    RawEnd.Order order = RawEnd.Order.of(words);
                    try (ServerSocket server = raw.listen(order.tls())) {
                        System.out.println("open " + server.getLocalPort());
                        System.out.println("carried " + raw.run(order, server::accept));
                    }
                }
                default -> throw new IllegalArgumentException(line);
            }
        }
    }
}
