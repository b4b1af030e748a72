package dev.tapestry.node.egress;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.objects.ObjectsException;
import dev.tapestry.objects.S3Bucket;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a box lies in an object store.
 *
 * @param bucket which exists
 * @param prefix of all that belongs to the box, without slashes at its ends; empty for the whole
 *     bucket
 * @param region of the bucket; what the SDK finds if left out
 * @param endpoint of a store that is not Amazon's
 */
public record StoreAddress(
        String bucket, String prefix, Optional<String> region, Optional<URI> endpoint) {

    private static final String SCHEME = "s3://";
    private static final Pattern FORM = Pattern.compile(SCHEME + "([^/]+)(?:/(.*?))?/?");

    public StoreAddress {
        List<String> folders = Arrays.asList(prefix.split("/", -1));
        if (folders.contains(".") || folders.contains("..")) {
            throw refused("'%s' is no prefix: it leads elsewhere".formatted(prefix), null);
        }
        try {
            var _ = place(bucket, prefix, region, endpoint);
        } catch (ObjectsException e) {
            throw refused(SCHEME + bucket + "/" + prefix + ": " + e.getMessage(), e);
        }
    }

    /** Whether somebody means a store, and not a directory. */
    public static boolean isOne(String box) {
        return box.startsWith(SCHEME);
    }

    /**
     * Reads {@code s3://BUCKET/PREFIX}.
     *
     * @throws NodeException {@code STORE_REFUSED}
     */
    public static StoreAddress of(String box, Optional<String> region, Optional<URI> endpoint) {
        Matcher parts = FORM.matcher(box);
        if (!parts.matches()) {
            throw refused("'%s' is not of the form s3://BUCKET/PREFIX".formatted(box), null);
        }
        String prefix = parts.group(2);
        return new StoreAddress(parts.group(1), prefix == null ? "" : prefix, region, endpoint);
    }

    private static NodeException refused(String what, @Nullable Throwable cause) {
        return new NodeException(Code.STORE_REFUSED, what, cause);
    }

    private static S3Bucket place(
            String bucket, String prefix, Optional<String> region, Optional<URI> endpoint) {
        return new S3Bucket(
                bucket,
                region,
                Optional.of(prefix).filter(p -> !p.isEmpty()).map(p -> p + "/"),
                endpoint);
    }

    S3Bucket place() {
        return place(bucket, prefix, region, endpoint);
    }

    /** The address of what has this name there. */
    String of(String name) {
        return SCHEME + bucket + "/" + (prefix.isEmpty() ? "" : prefix + "/") + name;
    }

    /** A name for a folder that belongs to this address and to no other. */
    public String folder() {
        String whole = of("") + endpoint.map(URI::toString).orElse("");
        return bucket + "-" + Digest.of(whole.getBytes(UTF_8)).abbreviated();
    }

    /** As it is given to a command. */
    @Override
    public String toString() {
        return SCHEME + bucket + (prefix.isEmpty() ? "" : "/" + prefix);
    }
}
