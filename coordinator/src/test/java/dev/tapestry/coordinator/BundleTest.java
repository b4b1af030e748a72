package dev.tapestry.coordinator;

import static dev.tapestry.coordinator.SoundBundle.entries;
import static dev.tapestry.coordinator.SoundBundle.index;
import static dev.tapestry.coordinator.SoundBundle.verified;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Grounds;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.coordinator.BundleReport.Merge;
import dev.tapestry.coordinator.VerifyBundle.Demands;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A bundle of two rounds, and what a coordinator that has its own key may do to one. */
final class BundleTest {

    @TempDir static Path folder;
    private static SoundBundle bundle;

    @BeforeAll
    static void two_rounds_with_two_members() {
        bundle = SoundBundle.in(folder);
    }

    private static Demands demands(Optional<VerifyingKey> key, int witnesses) {
        return new Demands(key, witnesses, Optional.empty(), Optional.empty());
    }

    @Test
    void a_bundle_of_a_sound_log_is_sound_with_its_witnesses_and_manifests() {
        BundleReport report =
                VerifyBundle.of(
                        bundle.file(), demands(Optional.of(new VerifyingKey(bundle.key())), 2));
        assertThat(report.problem()).isEmpty();
        assertThat(report.sound()).isTrue();
        assertThat(report.manifests()).isEqualTo(4);
        assertThat(report.manifestsMissing()).isZero();
        assertThat(report.witnesses()).hasSize(2);
        assertThat(report.coordinatorKey()).isEqualTo(bundle.key());
    }

    @Test
    void merges_are_repeated_from_contributions_that_are_given() {
        BundleReport report =
                VerifyBundle.of(bundle.file(), Demands.NONE.withContributions(bundle.directory()));
        assertThat(report.merges())
                .containsExactly(
                        new Merge(1, Merge.Outcome.MATCHES, ""),
                        new Merge(2, Merge.Outcome.MATCHES, ""));
    }

    @Test
    void more_witnesses_than_there_are_and_another_key_are_not_there() {
        assertThat(VerifyBundle.of(bundle.file(), demands(Optional.empty(), 3)).problem())
                .contains("2 members have co-signed");
        VerifyingKey other = SigningKey.generate().verifyingKey();
        assertThat(VerifyBundle.of(bundle.file(), demands(Optional.of(other), 0)).problem())
                .contains(bundle.key());
    }

    @Test
    void an_entry_that_was_changed_is_named() throws IOException {
        BundleReport report =
                bundle.after(files -> {
                    List<String> entries = entries(files);
                    int at = index(entries, "candidate-scored");
                    entries.set(
                            at,
                            entries.get(at)
                                    .replaceFirst(
                                            "\"candidateBitsPerByte\":[0-9.]+",
                                            "\"candidateBitsPerByte\":1"));
                    entries(files, entries);
                });
        assertThat(report.bad()).isPresent();
        assertThat(report.bad().get().event()).isEqualTo("CandidateScored");
        assertThat(report.problem()).contains("not the entry that was signed");
    }

    @Test
    void an_entry_that_was_left_out_and_two_that_were_swapped_are_named() throws IOException {
        BundleReport shorter =
                bundle.after(files -> {
                    List<String> entries = entries(files);
                    entries.remove(4);
                    entries(files, entries);
                });
        assertThat(shorter.bad().get().index()).isEqualTo(4);
        BundleReport swapped =
                bundle.after(files -> {
                    List<String> entries = entries(files);
                    java.util.Collections.swap(entries, 2, 4);
                    entries(files, entries);
                });
        assertThat(swapped.bad().get().index()).isEqualTo(2);
    }

    @Test
    void an_entry_against_the_rules_is_named_even_when_the_coordinator_signed_it()
            throws IOException {
        BundleReport report =
                bundle.after(files -> {
                    List<String> entries = entries(files);
                    entries.remove(index(entries, "candidate-scored"));
                    entries(files, entries);
                    files.keySet().removeIf(name -> name.startsWith("cosignatures/"));
                    bundle.signAgain(files, bundle.coordinator());
                });
        assertThat(report.bad().get().event()).isEqualTo("BasePublished");
    }

    /** A coordinator that has its own key writes an early entry anew, and all that follows. */
    private static void rewrite(Map<String, byte[]> files) {
        List<String> entries = entries(files);
        int at = index(entries, "token-issued");
        entries.set(at, entries.get(at).replaceFirst("\"at\":\"20", "\"at\":\"19"));
        entries(files, entries);
        bundle.signAgain(files, bundle.coordinator());
    }

    @Test
    void a_history_that_the_coordinator_signed_anew_is_given_away_by_a_witness()
            throws IOException {
        BundleReport report =
                bundle.after(files -> {
                    rewrite(files);
                    files.keySet().removeIf(file -> file.startsWith(AuditBundle.CONTRIBUTIONS));
                });
        assertThat(report.problem()).contains("co-signed").contains("not what was signed");
    }

    @Test
    void a_history_that_the_coordinator_signed_anew_is_given_away_by_whoever_relied_on_it()
            throws IOException {
        BundleReport report =
                bundle.after(files -> {
                    rewrite(files);
                    files.keySet().removeIf(file -> file.startsWith(AuditBundle.COSIGNATURES));
                });
        assertThat(report.bad().get().event()).isEqualTo("ContributionAdmitted");
        assertThat(report.problem()).contains("the member has verified a log of");
    }

    @Test
    void a_manifest_that_says_otherwise_than_the_log_names_the_admission() throws IOException {
        BundleReport report =
                bundle.after(files -> {
                    List<String> names =
                            files.keySet().stream()
                                    .filter(name -> name.startsWith("contributions/"))
                                    .toList();
                    files.put(names.get(0), files.get(names.get(1)));
                });
        assertThat(report.bad().get().event()).isEqualTo("ContributionAdmitted");
        assertThat(report.problem()).contains("another one");
    }

    @Test
    void tokens_that_the_coordinator_wrote_for_a_member_are_named() throws IOException {
        BundleReport report =
                bundle.after(files -> {
                    List<String> entries = entries(files);
                    int at = index(entries, "contribution-admitted");
                    entries.set(
                            at, entries.get(at).replaceFirst("\"tokens\":[0-9]+", "\"tokens\":1"));
                    entries(files, entries);
                    files.keySet().removeIf(name -> name.startsWith("cosignatures/"));
                    bundle.signAgain(files, bundle.coordinator());
                });
        assertThat(report.bad().get().event()).isEqualTo("ContributionAdmitted");
        assertThat(report.problem()).contains("signed with tokens 320, the log has 1");
    }

    /**
     * A coordinator admits, with its own key, what a member has signed with hers; other manifests,
     * which rely on the history as it was, are not in the bundle.
     */
    private static void admit(Map<String, byte[]> files, UnaryOperator<ContributionManifest> on) {
        List<String> entries = entries(files);
        String name =
                files.keySet().stream()
                        .filter(file -> file.startsWith(AuditBundle.CONTRIBUTIONS))
                        .filter(file -> isOfAda(entries, hex(file)))
                        .findFirst()
                        .orElseThrow();
        ContributionManifest signed =
                SignedManifest.open(
                        Objects.requireNonNull(files.remove(name)),
                        bundle.ada().verifyingKey().value());
        byte[] envelope =
                Envelope.seal(Protocol.CONTRIBUTION_TYPE, on.apply(signed), bundle.ada()).bytes();
        String other = Digest.of(envelope).hex();
        files.keySet().removeIf(file -> file.startsWith(AuditBundle.CONTRIBUTIONS));
        files.put(AuditBundle.CONTRIBUTIONS + other + ".json", envelope);
        entries(files, entries.stream().map(entry -> entry.replace(hex(name), other)).toList());
        files.keySet().removeIf(file -> file.startsWith(AuditBundle.COSIGNATURES));
        bundle.signAgain(files, bundle.coordinator());
    }

    private static String hex(String contribution) {
        return contribution.substring(
                AuditBundle.CONTRIBUTIONS.length(), contribution.length() - ".json".length());
    }

    private static boolean isOfAda(List<String> entries, String envelope) {
        return entries.stream()
                .anyMatch(entry ->
                        entry.contains("\"type\":\"contribution-admitted\"")
                                && entry.contains(envelope)
                                && entry.contains("\"member\":\"ada\""));
    }

    private static BundleReport relying(UnaryOperator<Grounds> change) throws IOException {
        return bundle.after(files -> admit(files, m -> m.on(m.grounds().map(change))));
    }

    @Test
    void a_manifest_signed_anew_on_its_own_grounds_may_be_admitted() throws IOException {
        Map<String, byte[]> files = bundle.files();
        Optional<Digest> card = Optional.of(Digest.of(new byte[] {9}));
        admit(
                files,
                m ->
                        m.on(
                                m.grounds()
                                        .map(g ->
                                                new Grounds(
                                                        g.charter(),
                                                        g.logSize(),
                                                        g.logRoot(),
                                                        card))));
        BundleReport report = verified(bundle.zip(files));
        assertThat(report.problem()).isEmpty();
        assertThat(report.sound()).isTrue();
        assertThat(report.manifests()).isEqualTo(1);
    }

    @Test
    void the_admission_of_a_manifest_on_other_grounds_is_named() throws IOException {
        Digest other = Digest.of(new byte[] {9});
        BundleReport charter = relying(g -> new Grounds(other, g.logSize(), g.logRoot(), g.card()));
        assertThat(charter.problem()).contains("ada: trained under charter " + other.abbreviated());
        BundleReport history = relying(g -> new Grounds(g.charter(), g.logSize(), other, g.card()));
        assertThat(history.problem())
                .contains("ada: the member has verified a log of")
                .contains(other.abbreviated());
        BundleReport future =
                relying(g -> new Grounds(g.charter(), 1_000_000, g.logRoot(), g.card()));
        assertThat(future.problem()).contains("no such entries");
        BundleReport silent = bundle.after(files -> admit(files, m -> m.on(Optional.empty())));
        assertThat(silent.problem()).contains("ada: the manifest does not say on what grounds");
        for (BundleReport report : List.of(charter, history, future, silent)) {
            assertThat(report.bad().get().event()).isEqualTo("ContributionAdmitted");
        }
    }

    @Test
    void a_checkpoint_by_another_key_and_a_foreign_cosignature_are_refused() throws IOException {
        assertThat(bundle.after(files -> bundle.signAgain(files, SigningKey.generate())).problem())
                .contains("not the coordinator's");
        BundleReport posing =
                bundle.after(files ->
                        files.put("cosignatures/ada.note", files.get("cosignatures/bo.note")));
        assertThat(posing.problem()).contains("has not co-signed");
        BundleReport stranger =
                bundle.after(files ->
                        files.put("cosignatures/eve.note", files.get("cosignatures/bo.note")));
        assertThat(stranger.problem()).contains("no active member");
    }

    @Test
    void what_a_witness_signed_without_the_coordinator_is_refused() throws IOException {
        BundleReport report =
                bundle.after(files -> {
                    SignedNote note =
                            SignedNote.parse(new String(files.get("cosignatures/bo.note"), UTF_8));
                    files.put(
                            "cosignatures/bo.note",
                            new SignedNote(
                                            note.text(),
                                            note.signatures().subList(1, note.signatures().size()))
                                    .toString()
                                    .getBytes(UTF_8));
                });
        assertThat(report.problem()).contains("not the coordinator's");
    }

    /** What somebody who has the coordinator's key could write. */
    @Test
    void a_key_that_is_none_is_named_and_never_breaks_the_verifier() throws IOException {
        BundleReport report =
                bundle.after(files -> {
                    List<String> entries = entries(files);
                    entries.set(0, entries.getFirst().replace(bundle.key(), "ed25519:none"));
                    entries(files, entries);
                    files.keySet().removeIf(name -> name.startsWith("cosignatures/"));
                    bundle.signAgain(files, bundle.coordinator());
                });
        assertThat(report.bad().orElseThrow().index()).isZero();
        assertThat(report.problem()).contains("ed25519:none");
        BundleReport enrolled =
                bundle.after(files -> {
                    List<String> entries = entries(files);
                    int at = index(entries, "member-enrolled");
                    entries.set(
                            at,
                            entries.get(at)
                                    .replaceFirst(
                                            "\"signingKey\":\"[^\"]+\"",
                                            "\"signingKey\":\"ed25519:none\""));
                    entries(files, entries);
                    bundle.signAgain(files, bundle.coordinator());
                });
        assertThat(enrolled.problem()).contains("ed25519:none");
    }

    /** A member may co-sign while the bundle is written. */
    @Test
    void a_cosignature_of_a_longer_log_than_is_exported_is_left_out() throws IOException {
        Path copy = folder.resolve("longer");
        FileTrees.copy(bundle.directory(), copy);
        Path ada = copy.resolve("cosignatures/ada.note");
        long size = Checkpoint.parse(SignedNote.parse(Files.readString(ada)).text()).size();
        Files.delete(ada); // or the linked one would be written over
        Files.writeString(
                ada,
                new Checkpoint(bundle.origin(), size + 1000, Digest.of(new byte[1]))
                        .sign(bundle.coordinator())
                        .toString());
        Path file = folder.resolve("longer.zip");
        assertThat(BundleExport.write(copy, file).cosignatures()).isEqualTo(1);
        assertThat(verified(file).problem()).isEmpty();
        assertThat(verified(file).witnesses()).hasSize(1);
    }

    /** Rounds that are over may be deleted while the bundle is written. */
    @Test
    void a_manifest_whose_round_is_deleted_meanwhile_is_read_from_the_shelf() {
        Path copy = folder.resolve("purged");
        FileTrees.copy(bundle.directory(), copy);
        SharedFiles shared = SharedFiles.own(copy);
        CoordinatorDirectory there = new CoordinatorDirectory(copy);
        EnvelopeShelf shelf = new EnvelopeShelf(there, shared);
        Map<String, Path> all = shelf.all();
        new ContributionStore(there.contributions(), new ModelStore(there.models(), shared), shared)
                .keepOnly(_ -> false);
        assertThat(all).hasSize(4);
        assertThat(all.values()).noneMatch(Files::exists);
        all.forEach((digest, file) ->
                assertThat(Digest.of(shelf.read(digest, file)).hex()).isEqualTo(digest));
    }

    @Test
    void a_founding_with_a_key_that_is_none_is_named() throws IOException {
        BundleReport report =
                bundle.after(files -> {
                    List<String> entries = entries(files);
                    entries.set(0, entries.getFirst().replace(bundle.key(), "no key"));
                    entries(files, entries);
                    files.keySet().removeIf(file -> file.startsWith(AuditBundle.COSIGNATURES));
                    bundle.signAgain(files, bundle.coordinator());
                });
        assertThat(report.bad().get().event()).isEqualTo("Founded");
    }
}
