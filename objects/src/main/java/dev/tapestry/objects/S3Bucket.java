package dev.tapestry.objects;

import dev.tapestry.objects.ObjectsException.Code;
import java.net.URI;
import java.util.Optional;

/**
 * Where objects are in a store that speaks S3.
 *
 * @param name of the bucket, which exists
 * @param region of the bucket; what the SDK finds if left out
 * @param prefix before the names of all objects, such as {@code loom/}; none if left out
 * @param endpoint of a store that is not Amazon's; buckets are then part of the path
 */
public record S3Bucket(
        String name, Optional<String> region, Optional<String> prefix, Optional<URI> endpoint) {

    public S3Bucket {
        require(
                name.matches("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
                "bucket is 3 to 63 lower-case letters, digits, dots and hyphens, not '%s'"
                        .formatted(name));
        require(
                prefix.stream().allMatch(S3Bucket::isPrefix),
                "prefix ends in a slash and does not begin with one, as in loom/");
        require(
                endpoint.stream().allMatch(S3Bucket::isAddress),
                "endpoint is an http or https address");
    }

    private static boolean isPrefix(String prefix) {
        return prefix.matches("[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*/");
    }

    private static boolean isAddress(URI endpoint) {
        return endpoint.getHost() != null && String.valueOf(endpoint.getScheme()).matches("https?");
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new ObjectsException(Code.PLACE, message);
        }
    }

    /** The key of an object of this name. */
    String key(String object) {
        return prefix.orElse("") + object;
    }

    @Override
    public String toString() {
        return "s3://%s/%s%s"
                .formatted(name, prefix.orElse(""), endpoint.map(e -> " at " + e).orElse(""));
    }
}
