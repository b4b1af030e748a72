package dev.tapestry.objects;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.tapestry.objects.ObjectsException.Code;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.RetryableException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Objects in a bucket. What is larger than a part is sent in parts, which appear together when the
 * last one is there.
 */
public final class S3Objects implements ObjectStore {

    /** A bucket takes up to 10,000 parts of one object: 2.5 TB. */
    private static final long PART_BYTES = 256L << 20;

    private static final int BUFFER_BYTES = 1 << 20;

    private final S3Client client;
    private final S3Bucket bucket;
    private final long partBytes;

    private S3Objects(S3Client client, S3Bucket bucket, long partBytes) {
        this.client = client;
        this.bucket = bucket;
        this.partBytes = partBytes;
    }

    /**
     * The store of this bucket; nothing is asked of it yet. Keys, and the region if none is named,
     * are found where the SDK looks.
     *
     * @throws ObjectsException {@code PLACE} if no region is found
     */
    public static S3Objects of(S3Bucket bucket) {
        return of(bucket, PART_BYTES);
    }

    static S3Objects of(S3Bucket bucket, long partBytes) {
        S3ClientBuilder client = S3Client.builder().httpClient(UrlConnectionHttpClient.create());
        bucket.region().map(Region::of).ifPresent(client::region);
        bucket.endpoint()
                .ifPresent(endpoint -> client.endpointOverride(endpoint).forcePathStyle(true));
        return open(client, bucket, partBytes);
    }

    /**
     * The same for who connects to what is named here and to nothing else: past any proxy, to no
     * other endpoint that the environment names, with keys that are written down.
     *
     * @param meter counts what passes
     * @throws ObjectsException {@code PLACE} if no region is found, {@code REFUSED} without keys
     */
    public static S3Objects direct(S3Bucket bucket, Meter meter) {
        S3ClientBuilder client =
                S3Client.builder()
                        .httpClient(
                                new MeteredHttp(
                                        UrlConnectionHttpClient.builder()
                                                .proxyConfiguration(none ->
                                                        none.useSystemPropertyValues(false)
                                                                .useEnvironmentVariablesValues(
                                                                        false))
                                                .build(),
                                        meter))
                        .credentialsProvider(OwnKeys.found(bucket));
        Region region = region(bucket);
        client.region(region)
                .endpointOverride(bucket.endpoint().orElseGet(() -> amazon(region)))
                .forcePathStyle(bucket.endpoint().isPresent());
        return open(client, bucket, PART_BYTES);
    }

    /** Stores that are not Amazon's take any, most often. */
    private static Region region(S3Bucket bucket) {
        if (bucket.region().isPresent() || bucket.endpoint().isPresent()) {
            return Region.of(bucket.region().orElse("us-east-1"));
        }
        try {
            return DefaultAwsRegionProviderChain.builder().build().getRegion();
        } catch (SdkException e) {
            throw noRegion(e);
        }
    }

    private static URI amazon(Region region) {
        return URI.create("https://" + S3Client.serviceMetadata().endpointFor(region));
    }

    private static S3Objects open(S3ClientBuilder client, S3Bucket bucket, long partBytes) {
        try {
            return new S3Objects(client.build(), bucket, partBytes);
        } catch (SdkException e) {
            throw noRegion(e);
        }
    }

    private static ObjectsException noRegion(SdkException e) {
        return new ObjectsException(Code.PLACE, e.getMessage() + "; name the bucket's region", e);
    }

    @Override
    public void put(String name, Path file) {
        try {
            if (Files.size(file) <= partBytes) {
                client.putObject(
                        put -> put.bucket(bucket.name()).key(bucket.key(name)),
                        RequestBody.fromFile(file));
            } else {
                putInParts(bucket.key(name), file);
            }
        } catch (SdkException | IOException e) {
            throw failed("kept", name, e);
        }
    }

    private void putInParts(String key, Path file) throws IOException {
        String upload =
                client.createMultipartUpload(create -> create.bucket(bucket.name()).key(key))
                        .uploadId();
        try {
            List<CompletedPart> parts = new ArrayList<>();
            long size = Files.size(file);
            for (long from = 0; from < size; from += partBytes) {
                parts.add(part(key, upload, file, from, Math.min(partBytes, size - from), parts));
            }
            client.completeMultipartUpload(complete ->
                    complete.bucket(bucket.name())
                            .key(key)
                            .uploadId(upload)
                            .multipartUpload(all -> all.parts(parts)));
        } catch (RuntimeException | IOException e) {
            // Also where the file could not be read: parts that nobody completes are kept, and
            // paid.
            abort(key, upload, e);
            throw e;
        }
    }

    private CompletedPart part(
            String key,
            String upload,
            Path file,
            long from,
            long length,
            List<CompletedPart> sent) {
        int number = sent.size() + 1;
        RequestBody body =
                RequestBody.fromContentProvider(
                        () -> from(file, from, length), length, "application/octet-stream");
        String tag =
                client.uploadPart(
                                part ->
                                        part.bucket(bucket.name())
                                                .key(key)
                                                .uploadId(upload)
                                                .partNumber(number),
                                body)
                        .eTag();
        return CompletedPart.builder().partNumber(number).eTag(tag).build();
    }

    /** The SDK reads it again when it sends again. */
    private static InputStream from(Path file, long from, long length) {
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.READ).position(from);
            return new BoundedInput(Channels.newInputStream(channel), length);
        } catch (IOException e) {
            throw new ObjectsException(Code.STORAGE, "cannot read %s: %s".formatted(file, e), e);
        }
    }

    private void abort(String key, String upload, Exception cause) {
        try {
            client.abortMultipartUpload(
                    abort -> abort.bucket(bucket.name()).key(key).uploadId(upload));
        } catch (SdkException e) {
            cause.addSuppressed(e);
        }
    }

    @Override
    public boolean fetch(String name, Path target, long most) {
        Path draft = Drafts.beside(target);
        try {
            Files.createDirectories(target.toAbsolutePath().getParent());
            boolean whole =
                    client.getObject(
                            get -> get.bucket(bucket.name()).key(bucket.key(name)),
                            (_, body) -> written(body, draft, most));
            if (!whole) {
                throw new ObjectsException(
                        Code.TOO_LONG,
                        "'%s' in %s has more than %d bytes".formatted(name, this, most));
            }
            Drafts.publish(draft, target);
            return true;
        } catch (NoSuchKeyException _) {
            return false;
        } catch (SdkException | IOException e) {
            throw failed("fetched", name, e);
        } finally {
            drop(draft);
        }
    }

    /**
     * Writes a body to a file; the SDK asks once more for one that broke off.
     *
     * @return false if there is more than {@code most} of it
     */
    private static boolean written(AbortableInputStream body, Path draft, long most) {
        byte[] buffer = new byte[BUFFER_BYTES];
        long left = most;
        try (FileChannel file = FileChannel.open(draft, WRITE, CREATE, TRUNCATE_EXISTING)) {
            for (int read = read(body, buffer); read >= 0; read = read(body, buffer)) {
                if (read > left) {
                    body.abort(); // or the rest would be read before the connection is given back
                    return false;
                }
                left -= read;
                for (ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, read); bytes.hasRemaining(); ) {
                    file.write(bytes);
                }
            }
            file.force(true);
            return true;
        } catch (IOException e) {
            throw new ObjectsException(Code.STORAGE, "cannot write %s: %s".formatted(draft, e), e);
        }
    }

    private static int read(InputStream body, byte[] buffer) {
        try {
            return body.read(buffer);
        } catch (IOException e) {
            throw RetryableException.create("the answer broke off: " + e, e);
        }
    }

    private static void drop(Path draft) {
        try {
            Files.deleteIfExists(draft);
        } catch (IOException _) {
            // It lies where drafts are dropped at the next start.
        }
    }

    @Override
    public SortedMap<String, Long> list(String begin) {
        try {
            SortedMap<String, Long> found = new TreeMap<>();
            for (S3Object object :
                    client.listObjectsV2Paginator(
                                    list -> list.bucket(bucket.name()).prefix(bucket.key(begin)))
                            .contents()) {
                found.put(object.key().substring(bucket.key("").length()), object.size());
            }
            return found;
        } catch (SdkException e) {
            throw failed("listed", begin, e);
        }
    }

    @Override
    public void delete(Collection<String> names) {
        for (String name : names) {
            try {
                client.deleteObject(delete -> delete.bucket(bucket.name()).key(bucket.key(name)));
            } catch (SdkException e) {
                throw failed("deleted", name, e);
            }
        }
    }

    private ObjectsException failed(String doing, String name, Exception e) {
        if (e.getCause() instanceof ObjectsException own) {
            return own; // it has come through the SDK
        }
        return switch (e) {
            case AwsServiceException answer when answer.statusCode() < 500 ->
                    new ObjectsException(
                            Code.REFUSED,
                            "%s does not let '%s' be %s: %s (%d); look at the bucket's name and region, and at the key and what it may do"
                                    .formatted(
                                            this, name, doing, reason(answer), answer.statusCode()),
                            e);
            case SdkException _ ->
                    new ObjectsException(
                            Code.UNREACHABLE,
                            "'%s' cannot be %s, for %s does not answer as it should: %s"
                                    .formatted(name, doing, this, e.getMessage()),
                            e);
            default ->
                    new ObjectsException(
                            Code.STORAGE,
                            "'%s' cannot be %s in %s: %s".formatted(name, doing, this, e),
                            e);
        };
    }

    private static String reason(AwsServiceException answer) {
        String code =
                answer.awsErrorDetails() == null ? null : answer.awsErrorDetails().errorCode();
        return code == null || code.isEmpty() ? "an answer without a reason" : code;
    }

    @Override
    public String toString() {
        return bucket.toString();
    }

    @Override
    public void close() {
        client.close();
    }
}
