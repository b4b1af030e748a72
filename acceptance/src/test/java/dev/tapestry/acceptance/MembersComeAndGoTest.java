package dev.tapestry.acceptance;

import static dev.tapestry.acceptance.SmallConsortium.PATIENCE;
import static dev.tapestry.acceptance.SmallConsortium.is;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tapestry.consortium.CodecName;
import dev.tapestry.consortium.ConsortiumEvent;
import dev.tapestry.consortium.ConsortiumEvent.BasePublished;
import dev.tapestry.consortium.ConsortiumEvent.CollectionClosed;
import dev.tapestry.consortium.ConsortiumEvent.ContributionAdmitted;
import dev.tapestry.consortium.ConsortiumEvent.LeasesLapsed;
import dev.tapestry.consortium.ConsortiumEvent.MemberEnrolled;
import dev.tapestry.consortium.ConsortiumEvent.MemberRevoked;
import dev.tapestry.consortium.ConsortiumEvent.RoundAnnounced;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.Wire;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.consortium.protocol.RoundView.Phase;
import dev.tapestry.node.NodeHome;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Manifests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One run, while which members join, are killed and come back, leave without a word, and are
 * revoked. The quorum is two, and for every part two are there: without both of them no round goes
 * on, so nothing here depends on who is quicker.
 */
@Timeout(1200)
final class MembersComeAndGoTest {

    private static final String RULES = "lease: PT2S\n";
    private static final Wire WIRE =
            new Wire(Optional.of(new CodecName("int8/1")), Optional.of(new CodecName("int4/1")));
    private static final CodecName GRADIENTS = new CodecName("int8/1");
    private static final int MORE_THAN_IT_TAKES = 100;
    private static final int STEPS = 2;

    @TempDir Path directory;

    private final Map<Path, Map<Path, Digest>> kept = new TreeMap<>();
    private SmallConsortium consortium;
    private int commands;

    @Test
    void a_run_goes_on_whoever_joins_falls_away_comes_back_leaves_or_is_revoked()
            throws IOException, InterruptedException {
        try (SmallConsortium small =
                SmallConsortium.founded(directory, List.of("ada", "bela"), RULES)) {
            consortium = small;
            keep(small.consortium());
            keep(small.node("ada"));
            keep(small.node("bela"));
            small.run(MORE_THAN_IT_TAKES, STEPS, WIRE, GRADIENTS);

            Program cleo = aThirdJoinsDuringRoundOne();
            oneIsKilledAndComesBackThreeBasesLater();
            oneLeavesWithoutAWord(cleo);
            oneIsRevokedInMidRun();
            theOthersEndInAgreement();
        }
    }

    /** Nobody waits for it in round 1; in round 2 it is there. */
    private Program aThirdJoinsDuringRoundOne() throws IOException, InterruptedException {
        consortium.startNode("ada");
        consortium.awaitView(view -> is(view, 1, Phase.COLLECTING) && awaits(view, "bela"));
        Program cleo = joins("cleo");
        consortium.awaitLine("cleo", "\"phase\":\"WAITING\"", "collecting, for [bela]");
        consortium.startNode("bela");
        consortium.awaitLine("bela", "\"type\":\"scored\"", "\"round\":1");
        consortium.kill("bela"); // from now on it takes both of the others
        int next = roundsOf("bela").getLast() + 1;

        awaitBases(next);
        assertThat(roundsOf("cleo")).contains(next).doesNotContain(1);
        Digest base = consortium.events(RoundAnnounced.class).get(next - 1).plan().base();
        assertThat(holds("cleo", base)).as("fetched by its digest").isTrue();
        return cleo;
    }

    private void oneIsKilledAndComesBackThreeBasesLater() throws IOException {
        int before = roundsOf("bela").size();
        awaitBases(roundsOf("bela").getLast() + 3);
        assertThat(roundsOf("bela")).as("it is not there").hasSize(before);

        consortium.signal("ada", "STOP"); // what follows takes both of the others
        int round = round(consortium.awaitView(_ -> true));
        consortium.startNode("bela");
        await("bela is admitted again")
                .atMost(PATIENCE)
                .until(() -> roundsOf("bela").size() > before);
        consortium.signal("ada", "CONT");
        assertThat(roundsOf("bela").get(before)).isBetween(round, round + 1);
    }

    /** It is waited for once, for a lease, and then no longer; the log says so. */
    private void oneLeavesWithoutAWord(Program cleo) throws IOException, InterruptedException {
        consortium.signal("cleo", "TERM");
        endsWith(cleo, "cleo", 0);
        JsonNode before = presence("cleo");
        int bases = bases();
        awaitBases(bases + 3); // that of the round in which it left, and two more

        JsonNode after = presence("cleo");
        assertThat(after.path("seen")).isEqualTo(before.path("seen"));
        assertThat(Instant.parse(presence("ada").path("seen").asString()))
                .isAfter(Instant.parse(after.path("seen").asString()));
        List<BasePublished> published = consortium.events(BasePublished.class);
        for (BasePublished base : published.subList(bases + 1, bases + 3)) {
            assertThat(consortium.events(CollectionClosed.class))
                    .filteredOn(closed -> closed.round().equals(base.round()))
                    .singleElement()
                    .satisfies(closed -> assertThat(closed.missing()).containsExactly(id("cleo")));
            assertThat(consortium.events(LeasesLapsed.class))
                    .filteredOn(lapsed -> lapsed.round().equals(base.round()))
                    .as("while contributions, and then scores, were collected")
                    .hasSize(2)
                    .allSatisfy(lapsed -> assertThat(lapsed.members()).containsExactly(id("cleo")));
        }
    }

    private void oneIsRevokedInMidRun() throws IOException, InterruptedException {
        Program dora = joins("dora");
        consortium.awaitLine("dora", "\"phase\":\"TRAINING\"");
        consortium.forget("dora");
        says("member", "revoke", consortium.consortium(), "dora", "--reason", "a stolen key");
        endsWith(dora, "dora", 1);
        assertThat(dora.printed()).contains("tapestry: dora was revoked; ask the steward why");

        awaitBases(bases() + 2);
        List<ConsortiumEvent> events = consortium.events();
        int revoked = events.indexOf(consortium.events(MemberRevoked.class).getFirst());
        assertThat(events.subList(revoked, events.size()))
                .noneMatch(event ->
                        event instanceof ContributionAdmitted admitted
                                && admitted.contribution().member().equals(id("dora")));
    }

    private void theOthersEndInAgreement() throws IOException, InterruptedException {
        says("run", "stop", consortium.consortium(), "--reason", "all was seen");
        consortium.run(1, STEPS, WIRE, GRADIENTS);
        RoundView last =
                consortium.awaitView(
                        view -> view.roundsPlanned() == 0 && view.phase() == Phase.PUBLISHED);
        Digest base = last.base().orElseThrow();
        for (String member : List.of("ada", "bela")) {
            consortium.awaitLine(member, "base-believed", base.hex());
            assertThat(holds(member, base)).isTrue();
        }
        for (String name : List.of("coordinator", "ada", "bela")) {
            consortium.kill(name);
        }
        consortium.verify(List.of("ada", "bela", "cleo", "dora"), round(last));
        kept.forEach((folder, files) -> assertThat(files(folder)).isEqualTo(files));
        assertThat(consortium.events(MemberEnrolled.class))
                .extracting(event -> event.member().value())
                .as("nobody had to join again")
                .containsExactly("ada", "bela", "cleo", "dora");
    }

    /** Invited by the steward, joined and started, each by its command. */
    private Program joins(String member) throws IOException, InterruptedException {
        String token =
                says("member", "invite", consortium.consortium(), member)
                        .lines()
                        .filter(line -> line.startsWith("tapestry1."))
                        .findFirst()
                        .orElseThrow();
        Path corpus = TinyCorpus.write(directory.resolve("text-" + member), member.hashCode());
        Path node = consortium.node(member);
        says("node", "join", node, token, "--corpus", corpus, "--threads", 1);
        keep(node);
        return consortium.startNode(member, node);
    }

    /** What a command prints, run as its own process. */
    private String says(Object... words) throws IOException, InterruptedException {
        Path output = directory.resolve("command-" + ++commands + ".log");
        try (Program program = Program.start(output, words)) {
            assertThat(program.process().waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(program.process().exitValue()).as(program.printed()).isZero();
            return program.printed();
        }
    }

    private void endsWith(Program program, String name, int code) throws InterruptedException {
        consortium.forget(name);
        try (program) {
            assertThat(program.process().waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .as(program::printed)
                    .isTrue();
            assertThat(program.process().exitValue()).as(program.printed()).isEqualTo(code);
        }
    }

    /** What {@code run status} says of one member. */
    private JsonNode presence(String member) throws IOException, InterruptedException {
        String status = says("run", "status", consortium.consortium(), "--json");
        return JsonMapper.shared()
                .readTree(status.lines().toList().getLast())
                .path("presence")
                .path("members")
                .valueStream()
                .filter(one -> one.path("member").asString().equals(member))
                .findFirst()
                .orElseThrow();
    }

    private void awaitBases(int number) {
        consortium.awaitView(view -> view.roundsPublished() >= number);
    }

    private int bases() {
        return consortium.awaitView(_ -> true).roundsPublished();
    }

    /** The rounds in which a member's contributions were admitted. */
    private List<Integer> roundsOf(String member) {
        return consortium.admitted().stream()
                .filter(admitted -> admitted.contribution().member().equals(id(member)))
                .map(admitted -> admitted.round().value())
                .toList();
    }

    private boolean holds(String member, Digest model) {
        Path place = new NodeHome(consortium.node(member)).model(model);
        return Files.isDirectory(place) && CanonicalJson.digest(Manifests.of(place)).equals(model);
    }

    /** Remembers keys, certificates and settings, which nobody else's coming and going touches. */
    private void keep(Path folder) {
        kept.put(folder, files(folder));
    }

    private static Map<Path, Digest> files(Path folder) {
        Map<Path, Digest> found = new TreeMap<>();
        for (String name :
                List.of(
                        "identity",
                        "ca",
                        "steward",
                        "signing-key.pem",
                        "node.yaml",
                        "coordinator.yaml")) {
            try (Stream<Path> files =
                    Files.exists(folder.resolve(name))
                            ? Files.walk(folder.resolve(name))
                            : Stream.empty()) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    found.put(folder.relativize(file), Digest.of(Files.readAllBytes(file)));
                }
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
        return found;
    }

    private static boolean awaits(RoundView view, String... members) {
        return view.awaited().equals(Stream.of(members).map(MembersComeAndGoTest::id).toList());
    }

    private static int round(RoundView view) {
        return view.plan().orElseThrow().round().value();
    }

    private static MemberId id(String member) {
        return new MemberId(member);
    }
}
