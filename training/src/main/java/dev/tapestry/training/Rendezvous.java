package dev.tapestry.training;

import dev.tapestry.training.TrainingException.Code;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where the processes of a group find each other. */
public sealed interface Rendezvous {

    /**
     * A file in a folder that all processes see, with a name that no group before has used. The
     * group makes it.
     */
    record SharedFile(Path path) implements Rendezvous {

        public SharedFile {
            path = path.toAbsolutePath().normalize();
        }

        @Override
        public String toString() {
            return path.toString();
        }
    }

    /** A port of the machine on which rank 0 runs; rank 0 listens there. */
    record Address(String host, int port) implements Rendezvous {

        public Address {
            if (port < 1 || port > 65_535) {
                throw new TrainingException(
                        Code.INVALID_PLAN,
                        "rendezvous: port %d of %s is not between 1 and 65535"
                                .formatted(port, host));
            }
        }

        @Override
        public String toString() {
            return host + ":" + port;
        }
    }

    /** {@code HOST:PORT}, or the path of a file. */
    static Rendezvous of(String text) {
        Matcher address = Pattern.compile("([^/]+):([0-9]{1,9})").matcher(text);
        return address.matches()
                ? new Address(address.group(1), Integer.parseInt(address.group(2)))
                : new SharedFile(Path.of(text));
    }
}
