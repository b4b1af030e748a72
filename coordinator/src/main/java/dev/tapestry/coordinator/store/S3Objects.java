package dev.tapestry.coordinator.store;

import dev.tapestry.coordinator.CoordinatorException;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.io.InputStream;
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
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
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

    private final S3Client client;
    private final ObjectSettings.S3 settings;
    private final String prefix;
    private final long partBytes;

    private S3Objects(S3Client client, ObjectSettings.S3 settings, long partBytes) {
        this.client = client;
        this.settings = settings;
        this.prefix = settings.prefix().orElse("");
        this.partBytes = partBytes;
    }

    /**
     * The store that these settings name; nothing is asked of it yet.
     *
     * @throws CoordinatorException {@code CONFIGURATION} if no region is found
     */
    static ObjectStore of(ObjectSettings.S3 settings) {
        return of(settings, PART_BYTES);
    }

    static ObjectStore of(ObjectSettings.S3 settings, long partBytes) {
        S3ClientBuilder client = S3Client.builder().httpClient(UrlConnectionHttpClient.create());
        settings.region().map(Region::of).ifPresent(client::region);
        settings.endpoint()
                .ifPresent(endpoint -> client.endpointOverride(endpoint).forcePathStyle(true));
        try {
            return new S3Objects(client.build(), settings, partBytes);
        } catch (SdkException e) {
            throw new CoordinatorException(
                    Code.CONFIGURATION,
                    "objects: %s; name the region as objects.region".formatted(e.getMessage()),
                    e);
        }
    }

    @Override
    public void put(String name, Path file) {
        try {
            if (Files.size(file) <= partBytes) {
                client.putObject(
                        put -> put.bucket(settings.bucket()).key(prefix + name),
                        RequestBody.fromFile(file));
            } else {
                putInParts(prefix + name, file);
            }
        } catch (SdkException | IOException e) {
            throw failed("keep", name, e);
        }
    }

    private void putInParts(String key, Path file) throws IOException {
        String upload =
                client.createMultipartUpload(create -> create.bucket(settings.bucket()).key(key))
                        .uploadId();
        try {
            List<CompletedPart> parts = new ArrayList<>();
            long size = Files.size(file);
            for (long from = 0; from < size; from += partBytes) {
                parts.add(part(key, upload, file, from, Math.min(partBytes, size - from), parts));
            }
            client.completeMultipartUpload(complete ->
                    complete.bucket(settings.bucket())
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
                                        part.bucket(settings.bucket())
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
            throw new CoordinatorException(
                    Code.STORAGE, "cannot read %s: %s".formatted(file, e), e);
        }
    }

    private void abort(String key, String upload, Exception cause) {
        try {
            client.abortMultipartUpload(
                    abort -> abort.bucket(settings.bucket()).key(key).uploadId(upload));
        } catch (SdkException e) {
            cause.addSuppressed(e);
        }
    }

    @Override
    public boolean fetch(String name, Path target) {
        Path draft = Drafts.beside(target);
        try {
            Files.createDirectories(target.toAbsolutePath().getParent());
            client.getObject(get -> get.bucket(settings.bucket()).key(prefix + name), draft);
            try (FileChannel written = FileChannel.open(draft, StandardOpenOption.WRITE)) {
                written.force(true);
            }
            Drafts.publish(draft, target);
            return true;
        } catch (NoSuchKeyException _) {
            return false;
        } catch (SdkException | IOException e) {
            throw failed("fetch", name, e);
        } finally {
            drop(draft);
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
                                    list -> list.bucket(settings.bucket()).prefix(prefix + begin))
                            .contents()) {
                found.put(object.key().substring(prefix.length()), object.size());
            }
            return found;
        } catch (SdkException e) {
            throw failed("list", begin, e);
        }
    }

    @Override
    public void delete(Collection<String> names) {
        for (String name : names) {
            try {
                client.deleteObject(delete -> delete.bucket(settings.bucket()).key(prefix + name));
            } catch (SdkException e) {
                throw failed("delete", name, e);
            }
        }
    }

    private CoordinatorException failed(String doing, String name, Exception e) {
        return new CoordinatorException(
                Code.STORAGE,
                "cannot %s '%s' in %s: %s".formatted(doing, name, this, e.getMessage()),
                e);
    }

    @Override
    public String toString() {
        return settings.toString();
    }

    @Override
    public void close() {
        client.close();
    }
}
