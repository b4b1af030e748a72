package dev.tapestry.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.ConsortiumEvent.BaseAdopted;
import dev.tapestry.consortium.ConsortiumEvent.MemberEnrolled;
import dev.tapestry.consortium.ConsortiumEvent.RunEnded;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.node.FaultyExchange.Fault;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.egress.CoordinatorClient;
import dev.tapestry.node.egress.EgressGate;
import dev.tapestry.node.egress.ReceiptBook;
import dev.tapestry.node.round.Fellows;
import dev.tapestry.node.round.Fellows.Fellow;
import dev.tapestry.node.round.LogWitness;
import dev.tapestry.trust.certificate.TlsIdentity;
import dev.tapestry.trust.log.Checkpoint;
import dev.tapestry.trust.log.Cosignature;
import dev.tapestry.trust.log.SignedNote;
import dev.tapestry.trust.signature.SigningKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A witness over a real socket, before a coordinator that has a second log up its sleeve. */
final class WitnessTest {

    private static final MemberId TURKU = new MemberId("turku");
    private static final Digest BASE = Digest.of(new byte[] {1});

    @TempDir Path folder;

    private Stage stage;
    private SigningKey own;
    private final SigningKey turku = SigningKey.generate();

    /** What the coordinator shows to the other member. */
    private LogDouble second;

    @BeforeEach
    void two_members_and_a_base() throws IOException {
        stage = new Stage(folder).joined();
        own = SigningKey.load(stage.home.signingKey());
        second =
                new LogDouble(
                        Files.createDirectories(folder.resolve("second")), stage.coordinator.key);
        for (LogDouble log : List.of(stage.coordinator.log, second)) {
            log.append(enrolled(CoordinatorDouble.MEMBER, own));
            log.append(enrolled(TURKU, turku));
            log.append(new BaseAdopted(BASE, "both", Instant.EPOCH));
        }
    }

    @AfterEach
    void close() {
        second.close();
        stage.close();
    }

    private static MemberEnrolled enrolled(MemberId member, SigningKey key) {
        return new MemberEnrolled(member, BASE, key.verifyingKey().value(), BASE, Instant.EPOCH);
    }

    private static RunEnded entry(String what) {
        return new RunEnded(false, what, Instant.EPOCH);
    }

    /** A node that was started anew looks at the log. */
    private void look() {
        with(witness -> witness.believe(BASE));
    }

    private void with(Consumer<LogWitness> use) {
        try (NodeLog log = NodeLog.open(stage.home.log(), CoordinatorDouble.MEMBER);
                EgressGate gate =
                        EgressGate.to(
                                stage.coordinator.address(),
                                Optional.empty(),
                                TlsIdentity.open(stage.home.identity()).client(),
                                new ReceiptBook(log, InstantSource.system()),
                                Stage.impatient(),
                                _ -> {})) {
            use.accept(
                    new LogWitness(
                            new CoordinatorClient(gate),
                            Membership.of(stage.home),
                            own,
                            stage.home,
                            InstantSource.system()));
        }
    }

    private void split(String... evidence) {
        assertThatThrownBy(this::look)
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(Code.SPLIT_VIEW));
        assertThat(stage.home.witness().resolve("split-view.txt"))
                .content()
                .contains("----", "tapestry/test")
                .contains(Stream.concat(Stream.of("----"), Stream.of(evidence)).toList());
    }

    private Checkpoint handedIn() {
        SignedNote note = stage.coordinator.log.handedIn.getLast();
        String name = Cosignature.name("tapestry/test", CoordinatorDouble.MEMBER);
        assertThat(Cosignature.verify(note, name, own.verifyingKey())).isAfter(Instant.EPOCH);
        return Checkpoint.parse(note.text());
    }

    private long turkuVouchesFor() {
        return LogWitness.fellows(stage.home).map(Fellows::members).orElse(List.of()).stream()
                .filter(fellow -> fellow.member().equals(TURKU))
                .mapToLong(Fellow::seen)
                .sum();
    }

    @Test
    void what_was_verified_is_co_signed_and_what_others_co_signed_is_known() {
        stage.coordinator.log.shown.add(stage.coordinator.log.cosignedBy(TURKU, turku));
        stage.coordinator.append(entry("more"));
        look();
        assertThat(handedIn().size()).isEqualTo(4);
        assertThat(turkuVouchesFor()).isEqualTo(3);
        // Later: what was co-signed lies before what was read, and is compared by a proof.
        stage.coordinator.append(entry("still more"));
        look();
        assertThat(handedIn().size()).isEqualTo(5);
        assertThat(turkuVouchesFor()).isEqualTo(3);
    }

    @Test
    void a_member_to_which_another_log_of_the_same_size_is_shown_gives_it_away() {
        stage.coordinator.append(entry("for helsinki"));
        second.append(entry("for turku"));
        SignedNote theirs = second.cosignedBy(TURKU, turku);
        stage.coordinator.log.shown.add(theirs);
        split(theirs.toString(), stage.coordinator.log.checkpoint().toString());
        assertThat(stage.coordinator.log.handedIn).isEmpty();
    }

    @Test
    void an_entry_that_was_rewritten_for_another_member_long_ago_gives_it_away() {
        second.append(entry("for turku"));
        SignedNote theirs = second.cosignedBy(TURKU, turku);
        stage.coordinator.append(entry("for helsinki"));
        stage.coordinator.append(entry("more"));
        look();
        stage.coordinator.log.shown.add(theirs);
        stage.coordinator.append(entry("still more"));
        split(theirs.toString());
    }

    @Test
    void an_entry_that_was_left_out_for_this_member_gives_it_away() {
        second.append(entry("that helsinki must not see"));
        second.append(entry("more"));
        stage.coordinator.log.shown.add(second.cosignedBy(TURKU, turku));
        stage.coordinator.append(entry("more"));
        split();
    }

    @Test
    void a_log_that_ends_before_what_another_member_has_seen_gives_it_away() {
        second.append(entry("that was taken back"));
        stage.coordinator.log.shown.add(second.cosignedBy(TURKU, turku));
        split();
    }

    @Test
    void a_member_alone_cannot_accuse_the_coordinator() {
        Checkpoint invented = new Checkpoint("tapestry/test", 3, Digest.of(new byte[] {9}));
        stage.coordinator.log.shown.add(
                invented.sign(turku)
                        .with(
                                Cosignature.sign(
                                        invented,
                                        Cosignature.name("tapestry/test", TURKU),
                                        Instant.EPOCH,
                                        turku)));
        look();
        assertThat(turkuVouchesFor()).isZero();
    }

    @Test
    void who_is_no_member_is_no_witness() {
        SigningKey stranger = SigningKey.generate();
        stage.coordinator.log.shown.add(stage.coordinator.log.cosignedBy(TURKU, stranger));
        look();
        assertThat(turkuVouchesFor()).isZero();
    }

    @Test
    void a_node_that_was_killed_before_it_handed_in_never_signs_another_history()
            throws IOException {
        stage.coordinator.append(entry("that was kept"));
        stage.coordinator.faults =
                (method, path) -> path.endsWith("/cosignature") ? Fault.REPLACED : Fault.NONE;
        assertThatThrownBy(this::look).isInstanceOf(NodeException.class);
        stage.coordinator.faults = (_, _) -> Fault.NONE;
        assertThat(stage.coordinator.log.handedIn).isEmpty();
        stage.coordinator.log.rewrite(
                enrolled(CoordinatorDouble.MEMBER, own),
                enrolled(TURKU, turku),
                new BaseAdopted(BASE, "both", Instant.EPOCH),
                entry("that replaced it"));
        split();
        assertThat(stage.coordinator.log.handedIn).isEmpty();
    }

    /** Or a broken disk would look like a coordinator that has not been followed yet. */
    @Test
    void what_was_seen_and_is_damaged_is_told_as_such_by_all_who_read_it() throws IOException {
        look();
        Files.writeString(stage.home.witness().resolve("seen.json"), "{\"note\": 1");
        assertThatThrownBy(() -> LogWitness.fellows(stage.home))
                .isInstanceOfSatisfying(
                        NodeException.class,
                        e -> assertThat(e.code()).isEqualTo(NodeException.Code.STORAGE))
                .hasMessageContaining("seen.json");
    }

    @Test
    void a_node_from_before_co_signatures_reads_the_members_keys_anew() throws IOException {
        look();
        Path seen = stage.home.witness().resolve("seen.json");
        String text = Files.readString(seen);
        int from = text.indexOf("\"fellows\"");
        int to = text.indexOf("\"note\"");
        Files.writeString(seen, text.substring(0, from) + text.substring(to));
        stage.coordinator.append(entry("more"));
        stage.coordinator.log.shown.add(stage.coordinator.log.cosignedBy(TURKU, turku));
        look();
        assertThat(turkuVouchesFor()).isEqualTo(4);
    }

    @Test
    void an_older_coordinator_without_co_signatures_is_still_followed() {
        stage.coordinator.faults =
                (method, path) -> path.contains("cosignature") ? Fault.UNKNOWN : Fault.NONE;
        look();
        assertThat(stage.coordinator.log.handedIn).isEmpty();
    }
}
