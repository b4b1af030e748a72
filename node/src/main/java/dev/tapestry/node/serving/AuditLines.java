package dev.tapestry.node.serving;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Path;

/** Checks that the lines of a record follow each other. */
final class AuditLines {

    private AuditLines() {}

    /**
     * The digest of the last line; of nothing where there is none. A last line without an end is
     * cut off.
     *
     * @throws NodeException {@code AUDIT_BROKEN}
     */
    static Digest lastDigest(Path path, RandomAccessFile file) throws IOException {
        Digest last = Digest.of(new byte[0]);
        long whole = 0;
        int number = 0;
        // Not by another opening of the file: to close that one would end the lock on it.
        InputStream in = new BufferedInputStream(new FileInputStream(file.getFD()));
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int one = in.read(); one >= 0; one = in.read()) {
            if (one != '\n') {
                line.write(one);
                continue;
            }
            number++;
            byte[] bytes = line.toByteArray();
            if (!follows(bytes, last)) {
                throw new NodeException(
                        Code.AUDIT_BROKEN,
                        "line %d of %s does not follow the one before: somebody changed the record. Keep it, and name a new file"
                                .formatted(number, path));
            }
            last = Digest.of(bytes);
            whole += bytes.length + 1L;
            line.reset();
        }
        file.setLength(whole);
        return last;
    }

    private static boolean follows(byte[] line, Digest previous) {
        try {
            return CanonicalJson.read(line, AuditTrail.Line.class).previous().equals(previous);
        } catch (TrustException e) {
            return false;
        }
    }
}
