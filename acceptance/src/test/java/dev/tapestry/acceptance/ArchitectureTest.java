package dev.tapestry.acceptance;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import dev.tapestry.corpus.CorpusPacker;
import dev.tapestry.corpus.CorpusReader;
import dev.tapestry.corpus.TokenShard;
import dev.tapestry.corpus.preparation.Preparation;
import dev.tapestry.training.GroupPlan;
import dev.tapestry.training.ProcessGroup;
import java.net.DatagramSocket;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.net.http.HttpClient;
import java.nio.channels.AsynchronousServerSocketChannel;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.DatagramChannel;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import javax.net.SocketFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The walls of the house. */
class ArchitectureTest {

    private static final JavaClasses HOUSE =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("dev.tapestry");

    /** Each room, and the rooms that it may use. */
    private record Room(String name, List<String> uses) {

        static Room of(String name, String... uses) {
            return new Room(name, List.of(uses));
        }
    }

    private static final List<Room> ROOMS =
            List.of(
                    Room.of("consortium"),
                    Room.of("weights", "consortium"),
                    Room.of("trust", "consortium"),
                    Room.of("aggregation", "consortium", "weights"),
                    Room.of("objects", "consortium", "weights"),
                    Room.of("corpus", "consortium"),
                    Room.of("training", "consortium", "weights", "corpus"),
                    Room.of(
                            "coordinator",
                            "consortium",
                            "trust",
                            "weights",
                            "aggregation",
                            "objects"),
                    Room.of(
                            "node",
                            "consortium",
                            "trust",
                            "weights",
                            "aggregation",
                            "objects",
                            "corpus",
                            "training"));

    private static final String[] PACKAGES =
            ROOMS.stream().map(room -> "dev.tapestry." + room.name() + "..").toArray(String[]::new);

    /** Whatever can open a connection, or wait for one. An address (URI) cannot. */
    private static final String CONNECTIONS =
            "java\\.net\\.(http\\..*|.*Socket|.*SocketFactory|.*SocketImpl|URL|.*URLConnection|URLClassLoader)"
                    + "|java\\.nio\\.channels\\.(.*SocketChannel|DatagramChannel|MulticastChannel|AsynchronousChannelGroup)"
                    + "|java\\.nio\\.channels\\.spi\\.(Asynchronous)?(Selector|Channel)Provider"
                    + "|javax\\.net\\.(ssl\\.)?(.*SocketFactory|SSLSocket|SSLServerSocket|HttpsURLConnection)"
                    + "|com\\.sun\\.net\\.httpserver\\..*"
                    + "|org\\.apache\\.hc\\..*";

    /** Whatever of the corpus room touches a member's text or the tokens made of it. */
    private static final String TEXT =
            "dev\\.tapestry\\.corpus\\.(Corpus(Reader|Packer|Files)|Document|DocumentParser|TextLines"
                    + "|PackedCorpus|PackedSide|TokenShard|TokenShardWriter|HeldOutSplit"
                    + "|chat\\.ChatReader|preparation\\.Preparation)(\\$.*)?";

    @TestFactory
    List<DynamicTest> a_room_uses_only_the_rooms_it_may() {
        return ROOMS.stream()
                .map(room ->
                        DynamicTest.dynamicTest(room.name(), () -> usesOnly(room).check(HOUSE)))
                .toList();
    }

    private static ArchRule usesOnly(Room room) {
        String[] others =
                ROOMS.stream()
                        .map(Room::name)
                        .filter(name -> !name.equals(room.name()) && !room.uses().contains(name))
                        .map(name -> "dev.tapestry." + name + "..")
                        .toArray(String[]::new);
        return noClasses()
                .that()
                .resideInAPackage("dev.tapestry." + room.name() + "..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(others)
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage("dev.tapestry.app..");
    }

    @Test
    void the_rules_know_no_file_no_clock_no_network_and_no_chance() {
        noClasses()
                .that()
                .resideInAPackage("dev.tapestry.consortium..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "java.io..", "java.nio.file..", "java.nio.channels..", "java.net..")
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.time.Clock")
                .orShould()
                .dependOnClassesThat()
                .haveNameMatching(
                        "java\\.(util\\.(Random|SplittableRandom)|security\\.SecureRandom)")
                .orShould()
                .callMethod(java.time.Instant.class, "now")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .check(HOUSE);
    }

    @Test
    void only_the_egress_gate_opens_connections_in_a_node() {
        noClasses()
                .that()
                .resideInAPackage("dev.tapestry.node..")
                .and()
                .resideOutsideOfPackages(
                        "dev.tapestry.node.egress..", "dev.tapestry.node.serving..")
                .should()
                .dependOnClassesThat()
                .haveNameMatching(CONNECTIONS)
                .check(HOUSE);
    }

    /** It is handed the connections of those who call, to cut off who keeps it waiting. */
    @Test
    void only_the_door_listens_in_a_node_and_it_calls_nobody() {
        noClasses()
                .that()
                .resideInAPackage("dev.tapestry.node..")
                .and()
                .resideOutsideOfPackage("dev.tapestry.node.serving..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.helidon..")
                .check(HOUSE);
        noClasses()
                .that()
                .resideInAPackage("dev.tapestry.node.serving..")
                .should()
                .dependOnClassesThat()
                .haveNameMatching(
                        "(?!java\\.net\\.Socket$|java\\.nio\\.channels\\.SocketChannel$)("
                                + CONNECTIONS
                                + "|io\\.helidon\\.webclient\\..*)")
                .orShould()
                .callMethodWhere(
                        describe(
                                "it opens or connects a channel",
                                call ->
                                        call.getName().matches("open|connect|bind")
                                                && call.getTargetOwner()
                                                        .isAssignableTo(SocketChannel.class)))
                .orShould()
                .callConstructorWhere(
                        describe(
                                "it makes a socket",
                                call -> call.getTargetOwner().isAssignableTo(Socket.class)))
                .check(HOUSE);
    }

    @Test
    void the_rooms_that_a_node_is_made_of_open_no_connections_either() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "dev.tapestry.consortium..",
                        "dev.tapestry.weights..",
                        "dev.tapestry.trust..",
                        "dev.tapestry.aggregation..",
                        "dev.tapestry.corpus..",
                        "dev.tapestry.training..")
                .and()
                // Those who judge or show certificates are handed the connection; they open none.
                .areNotAssignableTo(javax.net.ssl.X509ExtendedTrustManager.class)
                .and()
                .areNotAssignableTo(javax.net.ssl.X509ExtendedKeyManager.class)
                .should()
                .dependOnClassesThat()
                .haveNameMatching(CONNECTIONS)
                .check(HOUSE);
    }

    /** libtorch's process groups open connections that no class of Java shows. */
    @Test
    void no_node_joins_a_group_of_processes() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.tapestry.training..", "dev.tapestry.app.train..")
                .should()
                .callMethod(ProcessGroup.class, "join", GroupPlan.class)
                .check(HOUSE);
        noClasses()
                .that()
                .doNotHaveSimpleName("GlooGroup")
                .should()
                .dependOnClassesThat()
                .haveNameMatching("org\\.bytedeco\\.pytorch\\.(ProcessGroup.*|.*Store|gloo\\..*)")
                .check(HOUSE);
    }

    @Test
    void only_the_access_gate_reads_a_corpus_in_a_node() {
        noClasses()
                .that()
                .resideInAPackage("dev.tapestry.node..")
                .and()
                .resideOutsideOfPackage("dev.tapestry.node.access..")
                .should()
                .dependOnClassesThat()
                .haveNameMatching(TEXT)
                .check(HOUSE);
    }

    @Test
    void only_the_app_and_a_member_s_own_trainer_start_processes() {
        noClasses()
                .that()
                .resideInAnyPackage(PACKAGES)
                .and()
                .resideOutsideOfPackage("dev.tapestry.node.trainer..")
                .should()
                .dependOnClassesThat()
                .haveNameMatching("java\\.lang\\.(ProcessBuilder|Process)(\\$.*)?")
                .orShould()
                .callMethodWhere(
                        describe(
                                "it is Runtime.exec",
                                call ->
                                        call.getName().equals("exec")
                                                && call.getTargetOwner()
                                                        .isEquivalentTo(Runtime.class)))
                .check(HOUSE);
    }

    @Test
    void the_walls_know_what_they_keep_out() {
        assertThat(
                        List.of(
                                URL.class,
                                URLConnection.class,
                                Socket.class,
                                ServerSocket.class,
                                DatagramSocket.class,
                                HttpClient.class,
                                SocketFactory.class,
                                SSLSocketFactory.class,
                                SSLSocket.class,
                                SocketChannel.class,
                                ServerSocketChannel.class,
                                AsynchronousSocketChannel.class,
                                AsynchronousServerSocketChannel.class,
                                DatagramChannel.class))
                .extracting(Class::getName)
                .allMatch(name -> name.matches(CONNECTIONS));
        assertThat(List.of(URI.class, SSLContext.class, SSLParameters.class, FileChannel.class))
                .extracting(Class::getName)
                .noneMatch(name -> name.matches(CONNECTIONS));
        assertThat(
                        List.of(
                                CorpusReader.class,
                                CorpusPacker.class,
                                TokenShard.class,
                                Preparation.class))
                .extracting(Class::getName)
                .allMatch(name -> name.matches(TEXT));
    }

    @Test
    void certificates_are_made_in_one_package_and_tensors_trained_in_one_room() {
        only("dev.tapestry.trust.certificate..", "org.bouncycastle..").check(HOUSE);
        only("dev.tapestry.training..", "org.bytedeco..").check(HOUSE);
    }

    /** It opens the one file that it is told to open, and is asked by nobody else. */
    @Test
    void tables_are_read_where_text_is_prepared() {
        only("dev.tapestry.corpus.preparation..", "org.duckdb..").check(HOUSE);
    }

    /** A log in PostgreSQL is the coordinator's; a node has no such thing. */
    @Test
    void only_the_coordinator_s_stores_speak_to_database_servers() {
        only("dev.tapestry.coordinator.store..", "org.postgresql..").check(HOUSE);
        noClasses()
                .that()
                // The chaos holds a lock on the log's file, as another program would.
                .resideOutsideOfPackages(
                        "dev.tapestry.coordinator.store..", "dev.tapestry.app.chaos..")
                .should()
                .dependOnClassesThat()
                .haveNameMatching("java\\.sql\\.DriverManager|javax\\.sql\\.DataSource")
                .check(HOUSE);
    }

    /** A node's way to a store is its gate, which writes a receipt for each request. */
    @Test
    void one_room_speaks_to_object_stores_and_a_node_only_through_its_gate() {
        only("dev.tapestry.objects..", "software.amazon..").check(HOUSE);
        noClasses()
                .that()
                .resideInAPackage("dev.tapestry.node..")
                .and()
                .resideOutsideOfPackage("dev.tapestry.node.egress..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.tapestry.objects..")
                .check(HOUSE);
        noClasses()
                .that()
                .resideInAPackage("dev.tapestry.app..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.tapestry.objects..")
                .check(HOUSE);
    }

    @Test
    void nothing_deserialises_java_objects() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.io.ObjectInputStream")
                .check(HOUSE);
    }

    private static ArchRule only(String home, String library) {
        return ArchRuleDefinition.noClasses()
                .that()
                .resideOutsideOfPackage(home)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library);
    }
}
