package dev.tapestry.coordinator;

import dev.tapestry.consortium.Charter;
import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.Founded;
import dev.tapestry.consortium.Digest;
import dev.tapestry.coordinator.CoordinatorConfig.Listening;
import dev.tapestry.coordinator.CoordinatorConfig.Retention;
import dev.tapestry.coordinator.CoordinatorException.Code;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.certificate.CertificateAuthority;
import dev.tapestry.trust.certificate.Certificates;
import dev.tapestry.trust.certificate.Peer;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.log.AuditLog;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.weights.DType;
import dev.tapestry.weights.Drafts;
import dev.tapestry.weights.FloatConversion;
import dev.tapestry.weights.ModelDirectory;
import dev.tapestry.weights.ModelDirectoryWriter;
import dev.tapestry.weights.Residency;
import dev.tapestry.weights.TensorSpec;
import dev.tapestry.weights.WeightsException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** What is done once, before a coordinator runs: founding it, and giving it a base. */
final class Founding {

    static final int DEFAULT_KEEP_ROUNDS = 2;

    /** Of the coordinator's, the steward's and the members' certificates. */
    static final Duration CERTIFICATE_LIFETIME = Duration.ofDays(825);

    /** Numbers that are widened at once. */
    private static final long PIECE = 1 << 20;

    private Founding() {}

    static void found(
            CoordinatorDirectory directory, Charter charter, Listening listening, Instant now) {
        if (CoordinatorLog.isIn(directory.root())) {
            throw new CoordinatorException(
                    Code.DIRECTORY, directory.root() + " already holds a consortium");
        }
        if (Files.exists(directory.authority())) {
            throw new CoordinatorException(
                    Code.DIRECTORY,
                    directory.root()
                            + " holds a consortium whose founding was cut off; nobody has joined it: delete the directory and found again");
        }
        if (!FileTrees.list(directory.root()).isEmpty()) {
            throw new CoordinatorException(
                    Code.DIRECTORY,
                    directory.root() + " exists and is not empty; name a new directory");
        }
        AuditLog.requirePlace(directory.log());
        FileTrees.create(directory.root());
        CertificateAuthority authority =
                CertificateAuthority.create(directory.authority(), charter.name(), now);
        authority.establishCoordinator(
                directory.identity(), listening.dnsNames(), now, CERTIFICATE_LIFETIME);
        authority.establish(
                directory.steward(), new Peer.Steward(), List.of(), now, CERTIFICATE_LIFETIME);
        SigningKey key = SigningKey.loadOrCreate(directory.signingKey());
        new CoordinatorConfig(
                        directory.root(),
                        listening,
                        new Retention(DEFAULT_KEEP_ROUNDS),
                        Runtime.getRuntime().availableProcessors())
                .write();
        try (AuditLog log = AuditLog.open(directory.log(), origin(authority))) {
            Ledger.found(log, key, new Founded(charter, key.verifyingKey().value(), now));
        }
    }

    /** Issues the steward's certificate again; see {@link Coordinator#issueSteward}. */
    static TlsIdentity steward(CoordinatorDirectory directory, Path into, Instant now) {
        CoordinatorLog.requireIn(directory.root(), "; found one first");
        TlsIdentity issued =
                CertificateAuthority.open(directory.authority())
                        .establish(into, new Peer.Steward(), List.of(), now, CERTIFICATE_LIFETIME);
        try (SharedFiles shared = Stores.readableFiles(directory.root())) {
            shared.fetchAnew(directory.stewardPin(), _ -> {});
            pinSteward(directory, shared, issued);
        }
        return issued;
    }

    /** Where one certificate only is the steward's, that is this one from now on. */
    static void pinSteward(
            CoordinatorDirectory directory, SharedFiles shared, TlsIdentity steward) {
        if (Files.exists(directory.stewardPin())) {
            SafeFile.write(directory.stewardPin(), fingerprint(steward));
            shared.keepAnew(directory.stewardPin());
        }
    }

    /** Whether an identity is the steward's still: another one may have been issued elsewhere. */
    static boolean isSteward(CoordinatorDirectory directory, TlsIdentity identity) {
        return !Files.exists(directory.stewardPin())
                || SafeFile.read(directory.stewardPin()).strip().equals(fingerprint(identity));
    }

    private static String fingerprint(TlsIdentity identity) {
        return Certificates.fingerprint(identity.certificate()).hex();
    }

    /** The log's name: everybody who knows the authority can tell it. */
    static String origin(CertificateAuthority authority) {
        return "tapestry/" + authority.fingerprint().abbreviated();
    }

    static Digest adoptBase(CoordinatorDirectory directory, Path model, Instant now) {
        CoordinatorLog.requireIn(directory.root(), "; found one first");
        CertificateAuthority authority = CertificateAuthority.open(directory.authority());
        SigningKey key = SigningKey.load(directory.signingKey());
        CoordinatorConfig config = CoordinatorConfig.read(directory.root());
        try (Stores stores = Stores.alone(config, origin(authority));
                Ledger ledger =
                        Ledger.open(stores.log(), key, (_, _) -> {}, new CompletableFuture<>())) {
            if (ledger.snapshot().consortium().run().isPresent()) {
                throw new CoordinatorException(
                        Code.MODEL, "a run is under way; a base is adopted between runs");
            }
            Path draft = directory.root().resolve("adopting");
            FileTrees.delete(draft);
            Drafts.sweep(directory.root());
            widen(model, draft);
            Digest base = new ModelStore(directory.models(), stores.files()).adopt(draft);
            String source = model.toAbsolutePath().getFileName().toString();
            ledger.change(_ -> List.of(new BaseAdopted(base, source, now)));
            return base;
        }
    }

    /** Copies a model with all tensors as F32, in which updates are summed. */
    private static void widen(Path model, Path draft) {
        try (ModelDirectory source = ModelDirectory.open(model);
                ModelDirectoryWriter target = begin(source, draft)) {
            for (TensorSpec spec : source.tensors().values()) {
                MemorySegment from = source.data(spec.name());
                MemorySegment to = target.data(spec.name());
                for (long at = 0; at < spec.elements(); at += PIECE) {
                    widen(spec, at, Math.min(PIECE, spec.elements() - at), from, to);
                }
            }
            target.commit();
        } catch (WeightsException e) {
            throw new CoordinatorException(
                    Code.MODEL, model + " cannot be the base: " + e.getMessage(), e);
        }
    }

    /** So many numbers from the {@code at}th on; their pages are handed back. */
    private static void widen(
            TensorSpec spec, long at, long count, MemorySegment from, MemorySegment to) {
        int width = spec.dtype().bytes();
        MemorySegment source = from.asSlice(at * width, count * width);
        MemorySegment wide = to.asSlice(at * Float.BYTES, count * Float.BYTES);
        if (spec.dtype() == DType.F32) {
            wide.copyFrom(source);
        } else {
            FloatConversion.widen(spec.dtype(), source, wide);
        }
        Residency.release(from, at * width, source.byteSize());
        Residency.release(to, at * Float.BYTES, wide.byteSize());
    }

    /** The shards stay as they are, unless widening makes them larger. */
    private static ModelDirectoryWriter begin(ModelDirectory source, Path draft) {
        List<TensorSpec> wide =
                source.tensors().values().stream().map(spec -> spec.as(DType.F32)).toList();
        if (wide.equals(List.copyOf(source.tensors().values()))) {
            return ModelDirectoryWriter.createLike(source, draft);
        }
        ModelDirectoryWriter target =
                ModelDirectoryWriter.create(draft, wide, ModelDirectoryWriter.DEFAULT_SHARD_BYTES);
        target.copyFilesOf(source);
        return target;
    }
}
