package dev.tapestry.coordinator;

import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.coordinator.store.LogSettings;
import dev.tapestry.coordinator.store.ObjectSettings;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.json.StrictYaml;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What an operator can set about a coordinator; what the members agreed is in the charter.
 *
 * @param directory where everything lies
 * @param listening the address and names
 * @param retention how long files are kept
 * @param mergeThreads threads of a merge; any number gives the same bytes
 * @param transferMebibytes memory for the parts of all members that are under way, in both
 *     directions; parts beyond it wait
 * @param log where the log is
 * @param objects where the files of rounds are
 */
public record CoordinatorConfig(
        Path directory,
        Listening listening,
        Retention retention,
        int mergeThreads,
        int transferMebibytes,
        LogSettings log,
        ObjectSettings objects) {

    private static final LogSettings OWN_LOG = new LogSettings.Sqlite();
    private static final ObjectSettings OWN_FILES = new ObjectSettings.Disk(Optional.empty());

    /** 256 parts at once, each with a buffer. */
    private static final int USUAL_TRANSFER_MEBIBYTES = 64;

    private static final int MOST_TRANSFER_MEBIBYTES = 1 << 16;

    /**
     * Where the coordinator is reached.
     *
     * @param host address to bind, {@code 0.0.0.0} for all
     * @param port 0 lets the system choose, which only tests can use: nobody could be told where to
     *     call
     * @param dnsNames names and addresses under which nodes call; they stand in the certificate,
     *     and the first one in enrolment tokens
     */
    public record Listening(String host, int port, List<String> dnsNames) {
        public Listening {
            dnsNames = List.copyOf(dnsNames);
            require(!host.isBlank(), "host names the address to listen on");
            require(port >= 0 && port <= 65_535, "port is 0 to 65535, not " + port);
            require(!dnsNames.isEmpty(), "dnsNames has at least one name");
            dnsNames.forEach(Listening::requireHost);
        }

        private static void requireHost(String name) {
            try {
                CertificateAuthority.requireHost(name);
            } catch (TrustException e) {
                throw new CoordinatorException(
                        Code.CONFIGURATION, "dnsNames: " + e.getMessage(), e);
            }
        }

        /**
         * What nodes and the steward call: the first name and the port, an IPv6 address in
         * brackets.
         *
         * @throws CoordinatorException {@code CONFIGURATION} for port 0
         */
        public URI address() {
            require(port > 0, "port 0 is no port that nodes could call; give one from 1 to 65535");
            return address(port);
        }

        /** The same with the port that the system has chosen. */
        URI address(int boundPort) {
            String name = dnsNames.getFirst();
            return URI.create(
                    "https://" + (name.contains(":") ? "[" + name + "]" : name) + ":" + boundPort);
        }
    }

    /**
     * How long files are kept; the log is kept for ever.
     *
     * @param keepRounds rounds whose contributions, models and momenta are kept; at least 1
     */
    public record Retention(int keepRounds) {
        public Retention {
            require(keepRounds >= 1, "keepRounds is at least 1, not " + keepRounds);
        }
    }

    /** The YAML document, key by key. */
    record YamlDocument(
            String host,
            int port,
            List<String> dnsNames,
            int keepRounds,
            int mergeThreads,
            Optional<Integer> transferMebibytes,
            Optional<LogSettings> log,
            Optional<ObjectSettings> objects) {}

    public CoordinatorConfig {
        require(mergeThreads >= 1, "mergeThreads is at least 1, not " + mergeThreads);
        require(
                transferMebibytes >= 1 && transferMebibytes <= MOST_TRANSFER_MEBIBYTES,
                "transferMebibytes is 1 to %d, not %d"
                        .formatted(MOST_TRANSFER_MEBIBYTES, transferMebibytes));
    }

    /** One whose stores are in its own directory. */
    public CoordinatorConfig(
            Path directory,
            Listening listening,
            Retention retention,
            int mergeThreads,
            int transferMebibytes) {
        this(directory, listening, retention, mergeThreads, transferMebibytes, OWN_LOG, OWN_FILES);
    }

    /** One with the usual memory for transfers, too. */
    public CoordinatorConfig(
            Path directory, Listening listening, Retention retention, int mergeThreads) {
        this(directory, listening, retention, mergeThreads, USUAL_TRANSFER_MEBIBYTES);
    }

    /**
     * Reads {@code coordinator.yaml} in this directory.
     *
     * @throws CoordinatorException {@code DIRECTORY} without one; {@code CONFIGURATION} with the
     *     key that is unknown, missing, of another kind or out of range, and the keys that there
     *     are
     */
    public static CoordinatorConfig read(Path directory) {
        Path file = new CoordinatorDirectory(directory).config();
        if (!Files.exists(file)) {
            throw new CoordinatorException(
                    Code.DIRECTORY,
                    directory + " holds no coordinator (no " + file.getFileName() + "); found one");
        }
        YamlDocument document = document(file);
        try {
            return new CoordinatorConfig(
                    directory,
                    new Listening(document.host, document.port, document.dnsNames),
                    new Retention(document.keepRounds),
                    document.mergeThreads,
                    document.transferMebibytes.orElse(USUAL_TRANSFER_MEBIBYTES),
                    document.log.orElse(OWN_LOG),
                    document.objects.orElse(OWN_FILES));
        } catch (CoordinatorException e) {
            throw new CoordinatorException(e.code(), file + ": " + e.getMessage(), e);
        }
    }

    private static YamlDocument document(Path file) {
        try {
            return StrictYaml.read(file, YamlDocument.class);
        } catch (TrustException e) {
            throw e.code() == TrustException.Code.STORAGE
                    ? CoordinatorException.storage("read", file, e)
                    : new CoordinatorException(
                            Code.CONFIGURATION, String.valueOf(e.getMessage()), e);
        }
    }

    /** Writes {@code coordinator.yaml}. */
    void write() {
        SafeFile.write(
                new CoordinatorDirectory(directory).config(),
                """
                # The address to listen on; 0.0.0.0 is all.
                host: %s
                port: %d
                # Names and addresses under which nodes call; the certificate was issued for these.
                dnsNames: [%s]
                # Rounds whose contributions, models and momenta are kept.
                keepRounds: %d
                # Threads of a merge; any number gives the same bytes.
                mergeThreads: %d
                # Memory for the parts of all members that are under way; parts beyond it wait.
                transferMebibytes: %d
                # The log and the files of rounds are in this directory. For PostgreSQL and S3 add the keys log and objects:
                # docs/guide/coordinator.md.
                """
                        .formatted(
                                StrictYaml.quoted(listening.host),
                                listening.port,
                                String.join(
                                        ", ",
                                        listening.dnsNames.stream()
                                                .map(StrictYaml::quoted)
                                                .toList()),
                                retention.keepRounds,
                                mergeThreads,
                                transferMebibytes));
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new CoordinatorException(Code.CONFIGURATION, message);
        }
    }
}
