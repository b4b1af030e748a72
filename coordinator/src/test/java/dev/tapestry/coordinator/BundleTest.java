package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.consortium.ContributionManifest;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.Grounds;
import dev.tapestry.consortium.MergeRule;
import dev.tapestry.consortium.protocol.Protocol;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.coordinator.BundleReport.Merge;
import dev.tapestry.coordinator.VerifyBundle.Demands;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.log.TreeEdge;
import dev.tapestry.trust.signature.Envelope;
import dev.tapestry.trust.signature.SigningKey;
import dev.tapestry.trust.signature.VerifyingKey;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A bundle of two rounds, and everything that somebody may do to one. */
final class BundleTest {

    /** What a bomb inflates to; its file has a two-hundredth of that. */
    private static final int BOMB_MEGABYTES = 256;

    private static final long MOST_ALLOCATED = (BOMB_MEGABYTES / 2L) << 20;

    @TempDir static Path folder;

    private static Path sound;
    private static Path directory;
    private static String key;
    private static String origin;
    private static SigningKey ada;

    @BeforeAll
    static void two_rounds_with_two_members() {
        try (Stage stage = new Stage(folder, Stage.charter(2)).withMembers("ada", "bo")) {
            stage.run(2, MergeRule.fedAvg());
            for (int round = 1; round <= 2; round++) {
                int number = round;
                stage.members.forEach(member ->
                        member.takePart(number, Stage.SEED + number + member.id.hashCode()));
                stage.members.forEach(member -> member.scoreWell(number));
            }
            stage.member(0).await(2, Phase.PUBLISHED);
            CosignatureTest.cosign(stage.member(0));
            stage.token("nobody");
            CosignatureTest.cosign(stage.member(1));
            directory = stage.directory;
            ada = stage.member(0).key;
            key = stage.state().coordinatorKey();
            origin = stage.coordinator.ledger().log().origin();
            sound = folder.resolve("sound.zip");
            BundleExport.Written written = BundleExport.write(directory, sound);
            assertThat(written.cosignatures()).isEqualTo(2);
            assertThat(written.contributions()).isEqualTo(4);
        }
    }

    private static BundleReport verified(Path file) {
        return VerifyBundle.of(file, Demands.NONE);
    }

    private static Demands demands(Optional<VerifyingKey> key, int witnesses) {
        return new Demands(key, witnesses, Optional.empty(), Optional.empty());
    }

    private static Map<String, byte[]> files() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        try (ZipFile zip = new ZipFile(sound.toFile())) {
            for (ZipEntry entry : java.util.Collections.list(zip.entries())) {
                files.put(entry.getName(), zip.getInputStream(entry).readAllBytes());
            }
        }
        return files;
    }

    private static Path zip(Map<String, byte[]> files) throws IOException {
        Path file = Files.createTempFile(folder, "bundle", ".zip");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
            for (Map.Entry<String, byte[]> each : files.entrySet()) {
                out.putNextEntry(new ZipEntry(each.getKey()));
                out.write(each.getValue());
            }
        }
        return file;
    }

    private static BundleReport after(Consumer<Map<String, byte[]>> harm) throws IOException {
        Map<String, byte[]> files = files();
        harm.accept(files);
        BundleReport report = verified(zip(files));
        assertThat(report.sound()).as(report.problem()).isFalse();
        return report;
    }

    private static List<String> entries(Map<String, byte[]> files) {
        return new ArrayList<>(new String(files.get("entries.jsonl"), UTF_8).lines().toList());
    }

    private static void entries(Map<String, byte[]> files, List<String> entries) {
        files.put("entries.jsonl", (String.join("\n", entries) + "\n").getBytes(UTF_8));
    }

    private static int index(List<String> entries, String type) {
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).contains("\"type\":\"" + type + "\"")) {
                return i;
            }
        }
        throw new IllegalArgumentException(type);
    }

    /** What somebody who has the coordinator's key could write. */
    private static void signAgain(Map<String, byte[]> files, SigningKey with) {
        TreeEdge edge = TreeEdge.EMPTY;
        ByteArrayOutputStream leaves = new ByteArrayOutputStream();
        for (String entry : entries(files)) {
            edge = edge.with(entry.getBytes(UTF_8));
            leaves.writeBytes(TreeEdge.leaf(entry.getBytes(UTF_8)).bytes());
        }
        files.put("leaves", leaves.toByteArray());
        files.put(
                "checkpoint.note",
                new Checkpoint(origin, edge.size(), edge.root())
                        .sign(with)
                        .toString()
                        .getBytes(UTF_8));
        files.put(
                "bundle.json",
                new String(files.get("bundle.json"), UTF_8)
                        .replaceFirst("\"entries\":[0-9]+", "\"entries\":" + edge.size())
                        .getBytes(UTF_8));
    }

    private static SigningKey coordinator() {
        return SigningKey.load(directory.resolve("signing-key.pem"));
    }

    @Test
    void a_bundle_of_a_sound_log_is_sound_with_its_witnesses_and_manifests() {
        BundleReport report =
                VerifyBundle.of(sound, demands(Optional.of(new VerifyingKey(key)), 2));
        assertThat(report.problem()).isEmpty();
        assertThat(report.sound()).isTrue();
        assertThat(report.manifests()).isEqualTo(4);
        assertThat(report.manifestsMissing()).isZero();
        assertThat(report.witnesses()).hasSize(2);
        assertThat(report.coordinatorKey()).isEqualTo(key);
    }

    @Test
    void merges_are_repeated_from_contributions_that_are_given() {
        BundleReport report = VerifyBundle.of(sound, Demands.NONE.withContributions(directory));
        assertThat(report.merges())
                .containsExactly(
                        new Merge(1, Merge.Outcome.MATCHES, ""),
                        new Merge(2, Merge.Outcome.MATCHES, ""));
    }

    @Test
    void more_witnesses_than_there_are_and_another_key_are_not_there() {
        assertThat(VerifyBundle.of(sound, demands(Optional.empty(), 3)).problem())
                .contains("2 members have co-signed");
        VerifyingKey other = SigningKey.generate().verifyingKey();
        assertThat(VerifyBundle.of(sound, demands(Optional.of(other), 0)).problem()).contains(key);
    }

    @Test
    void an_entry_that_was_changed_is_named() throws IOException {
        BundleReport report =
                after(files -> {
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
                after(files -> {
                    List<String> entries = entries(files);
                    entries.remove(4);
                    entries(files, entries);
                });
        assertThat(shorter.bad().get().index()).isEqualTo(4);
        BundleReport swapped =
                after(files -> {
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
                after(files -> {
                    List<String> entries = entries(files);
                    entries.remove(index(entries, "candidate-scored"));
                    entries(files, entries);
                    files.keySet().removeIf(name -> name.startsWith("cosignatures/"));
                    signAgain(files, coordinator());
                });
        assertThat(report.bad().get().event()).isEqualTo("BasePublished");
    }

    /** A coordinator that has its own key writes an early entry anew, and all that follows. */
    private static void rewrite(Map<String, byte[]> files) {
        List<String> entries = entries(files);
        int at = index(entries, "token-issued");
        entries.set(at, entries.get(at).replaceFirst("\"at\":\"20", "\"at\":\"19"));
        entries(files, entries);
        signAgain(files, coordinator());
    }

    @Test
    void a_history_that_the_coordinator_signed_anew_is_given_away_by_a_witness()
            throws IOException {
        BundleReport report =
                after(files -> {
                    rewrite(files);
                    files.keySet().removeIf(file -> file.startsWith(AuditBundle.CONTRIBUTIONS));
                });
        assertThat(report.problem()).contains("co-signed").contains("not what was signed");
    }

    @Test
    void a_history_that_the_coordinator_signed_anew_is_given_away_by_whoever_relied_on_it()
            throws IOException {
        BundleReport report =
                after(files -> {
                    rewrite(files);
                    files.keySet().removeIf(file -> file.startsWith(AuditBundle.COSIGNATURES));
                });
        assertThat(report.bad().get().event()).isEqualTo("ContributionAdmitted");
        assertThat(report.problem()).contains("the member has verified a log of");
    }

    @Test
    void a_manifest_that_says_otherwise_than_the_log_names_the_admission() throws IOException {
        BundleReport report =
                after(files -> {
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
                after(files -> {
                    List<String> entries = entries(files);
                    int at = index(entries, "contribution-admitted");
                    entries.set(
                            at, entries.get(at).replaceFirst("\"tokens\":[0-9]+", "\"tokens\":1"));
                    entries(files, entries);
                    files.keySet().removeIf(name -> name.startsWith("cosignatures/"));
                    signAgain(files, coordinator());
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
                        Objects.requireNonNull(files.remove(name)), ada.verifyingKey().value());
        byte[] envelope = Envelope.seal(Protocol.CONTRIBUTION_TYPE, on.apply(signed), ada).bytes();
        String other = Digest.of(envelope).hex();
        files.keySet().removeIf(file -> file.startsWith(AuditBundle.CONTRIBUTIONS));
        files.put(AuditBundle.CONTRIBUTIONS + other + ".json", envelope);
        entries(files, entries.stream().map(entry -> entry.replace(hex(name), other)).toList());
        files.keySet().removeIf(file -> file.startsWith(AuditBundle.COSIGNATURES));
        signAgain(files, coordinator());
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
        return after(files -> admit(files, m -> m.on(m.grounds().map(change))));
    }

    @Test
    void a_manifest_signed_anew_on_its_own_grounds_may_be_admitted() throws IOException {
        Map<String, byte[]> files = files();
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
        BundleReport report = verified(zip(files));
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
        BundleReport silent = after(files -> admit(files, m -> m.on(Optional.empty())));
        assertThat(silent.problem()).contains("ada: the manifest does not say on what grounds");
        for (BundleReport report : List.of(charter, history, future, silent)) {
            assertThat(report.bad().get().event()).isEqualTo("ContributionAdmitted");
        }
    }

    @Test
    void a_checkpoint_by_another_key_and_a_foreign_cosignature_are_refused() throws IOException {
        assertThat(after(files -> signAgain(files, SigningKey.generate())).problem())
                .contains("not the coordinator's");
        BundleReport posing =
                after(files ->
                        files.put("cosignatures/ada.note", files.get("cosignatures/bo.note")));
        assertThat(posing.problem()).contains("has not co-signed");
        BundleReport stranger =
                after(files ->
                        files.put("cosignatures/eve.note", files.get("cosignatures/bo.note")));
        assertThat(stranger.problem()).contains("no active member");
    }

    @Test
    void what_a_witness_signed_without_the_coordinator_is_refused() throws IOException {
        BundleReport report =
                after(files -> {
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
                after(files -> {
                    List<String> entries = entries(files);
                    entries.set(0, entries.getFirst().replace(key, "ed25519:none"));
                    entries(files, entries);
                    files.keySet().removeIf(name -> name.startsWith("cosignatures/"));
                    signAgain(files, coordinator());
                });
        assertThat(report.bad().orElseThrow().index()).isZero();
        assertThat(report.problem()).contains("ed25519:none");
        BundleReport enrolled =
                after(files -> {
                    List<String> entries = entries(files);
                    int at = index(entries, "member-enrolled");
                    entries.set(
                            at,
                            entries.get(at)
                                    .replaceFirst(
                                            "\"signingKey\":\"[^\"]+\"",
                                            "\"signingKey\":\"ed25519:none\""));
                    entries(files, entries);
                    signAgain(files, coordinator());
                });
        assertThat(enrolled.problem()).contains("ed25519:none");
    }

    /** A member may co-sign while the bundle is written. */
    @Test
    void a_cosignature_of_a_longer_log_than_is_exported_is_left_out() throws IOException {
        Path copy = folder.resolve("longer");
        FileTrees.copy(directory, copy);
        Path ada = copy.resolve("cosignatures/ada.note");
        long size = Checkpoint.parse(SignedNote.parse(Files.readString(ada)).text()).size();
        Files.delete(ada); // or the linked one would be written over
        Files.writeString(
                ada,
                new Checkpoint(origin, size + 1000, Digest.of(new byte[1]))
                        .sign(coordinator())
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
        FileTrees.copy(directory, copy);
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
    void names_that_lead_out_of_the_bundle_or_do_not_belong_into_it_are_refused()
            throws IOException {
        for (String name :
                List.of(
                        "../entries.jsonl",
                        "/etc/passwd",
                        "cosignatures/../../x.note",
                        "contributions/" + "A".repeat(64) + ".json",
                        "notes.txt",
                        "cosignatures/ada.note/")) {
            assertThat(after(files -> files.put(name, new byte[1])).problem())
                    .contains("does not belong");
        }
    }

    @Test
    void documents_that_are_too_long_are_refused_before_they_are_held() throws IOException {
        assertThat(after(files -> files.put("bundle.json", new byte[1 << 20])).problem())
                .contains("more than");
        assertThat(
                        after(
                                        files -> {
                                            byte[] endless = new byte[3 << 20];
                                            Arrays.fill(endless, (byte) 'x');
                                            files.put("entries.jsonl", endless);
                                        })
                                .problem())
                .contains("an entry has more than");
        String missing = Digest.of(new byte[] {7}).hex();
        assertThat(
                        after(
                                        files -> {
                                            String first =
                                                    files.keySet().stream()
                                                            .filter(n ->
                                                                    n.startsWith("contributions/"))
                                                            .findFirst()
                                                            .orElse(missing);
                                            files.put(first, new byte[9 << 20]);
                                        })
                                .problem())
                .contains("more than");
    }

    /** Writes one file of a bundle. */
    @FunctionalInterface
    private interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /** The sound bundle with some files more, or in place of its own. */
    private static Path bomb(Map<String, Content> contents) throws IOException {
        Path file = Files.createTempFile(folder, "bomb", ".zip");
        Map<String, byte[]> files = files();
        files.keySet().removeAll(contents.keySet());
        try (ZipOutputStream out =
                new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
            out.setLevel(Deflater.BEST_SPEED);
            for (Map.Entry<String, byte[]> each : files.entrySet()) {
                out.putNextEntry(new ZipEntry(each.getKey()));
                out.write(each.getValue());
            }
            for (Map.Entry<String, Content> each : contents.entrySet()) {
                out.putNextEntry(new ZipEntry(each.getKey()));
                each.getValue().writeTo(out);
            }
        }
        return file;
    }

    private static void zeros(OutputStream out) throws IOException {
        byte[] block = new byte[1 << 20];
        for (int i = 0; i < BOMB_MEGABYTES; i++) {
            out.write(block);
        }
    }

    /** What verifying takes from the heap, garbage included: it grows with whatever is inflated. */
    private static BundleReport frugally(Path file) {
        var threads = ManagementFactory.getPlatformMXBean(com.sun.management.ThreadMXBean.class);
        long before = threads.getCurrentThreadAllocatedBytes();
        BundleReport report = verified(file);
        assertThat(threads.getCurrentThreadAllocatedBytes() - before)
                .as(report.problem())
                .isLessThan(MOST_ALLOCATED);
        return report;
    }

    @ParameterizedTest
    @ValueSource(strings = {"bundle.json", "checkpoint.note", "entries.jsonl"})
    void a_file_that_inflates_without_end_is_refused_after_its_first_bytes(String name)
            throws IOException {
        BundleReport report = frugally(bomb(Map.of(name, BundleTest::zeros)));
        assertThat(report.sound()).isFalse();
        assertThat(report.problem()).contains("more than");
    }

    @Test
    void a_checkpoint_over_billions_of_entries_does_not_have_leaves_hashed_that_are_not_there()
            throws IOException {
        byte[] claim =
                new Checkpoint(origin, 1L << 40, Digest.of(new byte[0]))
                        .sign(coordinator())
                        .toString()
                        .getBytes(UTF_8);
        BundleReport report =
                frugally(
                        bomb(
                                Map.of(
                                        "checkpoint.note",
                                        out -> out.write(claim),
                                        "leaves",
                                        BundleTest::zeros)));
        assertThat(report.problem()).contains("'leaves' has more than");
    }

    @Test
    void more_files_than_a_consortium_has_are_refused() throws IOException {
        Map<String, Content> cosigners = new LinkedHashMap<>();
        byte[] note = files().get("cosignatures/bo.note");
        for (int i = 0; i < 2_000; i++) {
            cosigners.put("cosignatures/m" + i + ".note", out -> out.write(note));
        }
        assertThat(frugally(bomb(cosigners)).problem()).contains("co-signatures of 2002 members");
    }

    @Test
    void a_founding_with_a_key_that_is_none_is_named() throws IOException {
        BundleReport report =
                after(files -> {
                    List<String> entries = entries(files);
                    entries.set(0, entries.getFirst().replace(key, "no key"));
                    entries(files, entries);
                    files.keySet().removeIf(file -> file.startsWith(AuditBundle.COSIGNATURES));
                    signAgain(files, coordinator());
                });
        assertThat(report.bad().get().event()).isEqualTo("Founded");
    }

    @Test
    void a_file_that_was_cut_off_or_is_no_archive_is_refused() throws IOException {
        byte[] whole = Files.readAllBytes(sound);
        for (int length : List.of(0, 10, whole.length / 2, whole.length - 10)) {
            Path cut = Files.write(folder.resolve("cut.zip"), Arrays.copyOf(whole, length));
            assertThat(verified(cut).problem()).contains("no audit bundle");
        }
        assertThat(after(files -> files.remove("leaves")).problem()).contains("no leaves");
        assertThat(
                        after(files -> files.put("leaves", Arrays.copyOf(files.get("leaves"), 70)))
                                .bad()
                                .get()
                                .index())
                .isEqualTo(2);
        assertThat(after(files -> files.remove("checkpoint.note")).problem())
                .contains("checkpoint.note");
    }

    /** A flipped byte anywhere gives a report, never an exception, and never a sound one of it. */
    @Test
    void no_flipped_byte_of_any_file_goes_unnoticed_or_breaks_the_verifier() throws IOException {
        java.util.Random random = new java.util.Random(20261127);
        for (String name : files().keySet()) {
            for (int turn = 0; turn < 6; turn++) {
                Map<String, byte[]> files = files();
                byte[] content = Objects.requireNonNull(files.get(name)).clone();
                content[random.nextInt(content.length)] ^= (byte) (1 << random.nextInt(7));
                files.put(name, content);
                BundleReport report = verified(zip(files));
                if (report.sound()) {
                    // Only what nobody signed: the name under which the bundle goes.
                    assertThat(name).isEqualTo("bundle.json");
                }
            }
        }
    }
}
