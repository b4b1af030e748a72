package dev.tapestry.node;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import dev.tapestry.consortium.protocol.RoundView;
import dev.tapestry.node.NodeEvent.Receipt;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.box.BoxAnswer;
import dev.tapestry.node.box.BoxLabel;
import dev.tapestry.node.box.BoxWork;
import dev.tapestry.node.box.ComputeBox;
import dev.tapestry.node.box.GatewayBox;
import dev.tapestry.node.egress.MessageKind;
import dev.tapestry.node.egress.ReceiptBook;
import dev.tapestry.node.egress.StoreAddress;
import dev.tapestry.node.egress.StoreGate;
import dev.tapestry.node.round.NodeAgent.Until;
import dev.tapestry.node.round.RoundGateway.Fetched;
import dev.tapestry.objects.DiskObjects;
import dev.tapestry.objects.Meter;
import dev.tapestry.objects.ObjectStore;
import dev.tapestry.trust.json.CanonicalJson;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A gateway and a machine that computes, which meet only in a store of objects. */
class StoredBoxTest {

    private static final StoreAddress ADDRESS =
            StoreAddress.of("s3://bucket/rounds/helsinki", Optional.empty(), Optional.empty());

    @TempDir Path directory;
    private Stage stage;
    private Path text;
    private Path bucket;
    private BreakingObjects store;
    private final List<Receipt> receipts = Collections.synchronizedList(new ArrayList<>());

    /** A store on the disk to which the line breaks before a request, once. */
    private static final class BreakingObjects implements ObjectStore {
        private final ObjectStore disk;
        private final List<String> puts = new ArrayList<>();
        private int left = Integer.MAX_VALUE;

        BreakingObjects(ObjectStore disk) {
            this.disk = disk;
        }

        private void request() {
            if (left-- == 0) {
                left = Integer.MAX_VALUE;
                throw new UncheckedIOException(new IOException("the line broke"));
            }
        }

        @Override
        public void put(String name, Path file) {
            request();
            puts.add(name);
            disk.put(name, file);
        }

        @Override
        public boolean fetch(String name, Path target, long most) {
            request();
            return disk.fetch(name, target, most);
        }

        @Override
        public SortedMap<String, Long> list(String prefix) {
            request();
            return disk.list(prefix);
        }

        @Override
        public void delete(Collection<String> names) {
            request();
            disk.delete(names);
        }

        @Override
        public void close() {
            disk.close();
        }
    }

    @BeforeEach
    void setUp() throws IOException {
        stage = new Stage(directory.resolve("gateway")).joined();
        text = Files.createDirectories(directory.resolve("compute/text"));
        Files.copy(stage.corpus.resolve("card.yaml"), text.resolve("card.yaml"));
        Files.move(stage.corpus.resolve("tales.txt"), text.resolve("tales.txt"));
        bucket = Files.createDirectories(directory.resolve("bucket"));
        store = new BreakingObjects(new DiskObjects(bucket));
        Digest base = stage.coordinator.adopt(stage.base("base", 1));
        stage.coordinator.announce(Stage.plan(1, base), 1);
    }

    @AfterEach
    void tearDown() {
        stage.close();
    }

    private StoreGate gate() {
        return new StoreGate(
                ADDRESS,
                store,
                new Meter(),
                new ReceiptBook(receipts::addAll, InstantSource.system()));
    }

    private Fetched fetch() {
        try (Node node = stage.node();
                GatewayBox box = new GatewayBox(gate(), stage.home)) {
            box.take();
            Fetched fetched = node.gateway(box.box()).fetch();
            box.give();
            return fetched;
        }
    }

    private BoxAnswer submit() {
        try (Node node = stage.node();
                GatewayBox box = new GatewayBox(gate(), stage.home)) {
            box.take();
            BoxAnswer answer = node.gateway(box.box()).submit();
            box.give();
            return answer;
        }
    }

    private void compute(Consumer<BoxWork> work) {
        NodeHome kept = new NodeHome(directory.resolve("compute/work"));
        try (ComputeBox box =
                ComputeBox.open(gate(), new ArrayList<>(), kept, InstantSource.system())) {
            box.take();
            work.accept(
                    new BoxWork(
                            box.box(),
                            text,
                            kept,
                            BoxWork.Machine.asAsked(),
                            NodeProgress.silent(),
                            new StopSignal(),
                            InstantSource.system()));
            box.give();
        }
    }

    private RoundView networked() throws IOException {
        try (Stage other = new Stage(directory.resolve("networked")).joined()) {
            Digest base = other.coordinator.adopt(other.base("base", 1));
            other.coordinator.announce(Stage.plan(1, base), 1);
            try (Node node = other.node()) {
                node.agent().run(Until.noRun());
            }
            return other.coordinator.view();
        }
    }

    /** What lies in the bucket in one half, the inventory left out. */
    private List<Path> objects(String half) throws IOException {
        Path folder = bucket.resolve(half);
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    private Path largest(String half) throws IOException {
        Path largest = objects(half).getFirst();
        for (Path object : objects(half)) {
            largest = Files.size(object) > Files.size(largest) ? object : largest;
        }
        return largest;
    }

    private static void refused(Code code, ThrowingCallable what) {
        assertThatThrownBy(what)
                .isInstanceOfSatisfying(
                        NodeException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void a_round_that_went_through_a_store_gives_the_base_that_a_node_with_a_network_gives()
            throws IOException {
        fetch();
        compute(BoxWork::train);
        assertThat(submit().admitted()).isTrue();
        fetch();
        compute(BoxWork::score);
        assertThat(submit().admitted()).isTrue();
        assertThat(stage.coordinator.view().phase()).isEqualTo(RoundView.Phase.PUBLISHED);
        assertThat(stage.coordinator.view().base()).isEqualTo(networked().base());
    }

    /** Breaks the line before each request in turn, until it holds. */
    private <T> T withCuts(Callable<T> doing, Runnable lookedAtBetween) throws Exception {
        for (int requests = 0; ; requests++) {
            store.left = requests;
            try {
                T done = doing.call();
                store.left = Integer.MAX_VALUE;
                assertThat(requests).as("there were requests to cut").isGreaterThan(4);
                return done;
            } catch (UncheckedIOException _) {
                store.left = Integer.MAX_VALUE;
                lookedAtBetween.run();
            }
        }
    }

    @Test
    void wherever_orders_are_cut_off_none_of_them_counts_and_the_next_time_brings_what_is_missing()
            throws Exception {
        withCuts(
                this::fetch,
                () -> {
                    if (!Files.exists(bucket.resolve("orders.json"))) {
                        refused(Code.NOT_A_BOX, () -> compute(BoxWork::train));
                    }
                });
        assertThat(store.puts).doesNotHaveDuplicates().contains("orders.json");
        compute(BoxWork::train);
        assertThat(submit().admitted()).isTrue();
    }

    @Test
    void wherever_results_are_cut_off_none_of_them_counts_and_the_next_time_brings_what_is_missing()
            throws Exception {
        fetch();
        withCuts(
                () -> {
                    compute(BoxWork::train);
                    return 0;
                },
                () -> {
                    if (!Files.exists(bucket.resolve("results.json"))) {
                        refused(Code.BOX_INCOMPLETE, this::submit);
                    }
                });
        assertThat(store.puts).doesNotHaveDuplicates().contains("results.json");
        assertThat(withCuts(this::submit, () -> {}).admitted()).isTrue();
        assertThat(stage.coordinator.contributions).hasSizeGreaterThanOrEqualTo(1);
        assertThat(stage.coordinator.view().phase()).isEqualTo(RoundView.Phase.SCORING);
    }

    @Test
    void a_damaged_object_is_not_taken_and_is_put_there_once_more() throws IOException {
        fetch();
        flip(largest("orders"));
        refused(Code.BOX_DAMAGED, () -> compute(BoxWork::train));
        refused(Code.BOX_INCOMPLETE, () -> compute(BoxWork::train));
        fetch();
        compute(BoxWork::train);
        flip(largest("results"));
        refused(Code.BOX_DAMAGED, this::submit);
        refused(Code.BOX_INCOMPLETE, this::submit);
        assertThat(stage.coordinator.contributions).isEmpty();
        compute(BoxWork::train);
        assertThat(submit().admitted()).isTrue();
    }

    @Test
    void an_object_that_is_longer_than_listed_is_not_fetched() throws IOException {
        fetch();
        Path model = largest("orders");
        byte[] longer = new byte[(int) Files.size(model) + 1];
        Files.write(model, longer);
        refused(Code.BOX_DAMAGED, () -> compute(BoxWork::train));
        fetch();
        compute(BoxWork::train);
        Files.write(bucket.resolve("results.json"), new byte[(1 << 20) + 1]);
        refused(Code.BOX_DAMAGED, this::submit);
    }

    @Test
    void what_was_done_of_earlier_orders_is_left_alone_and_what_nobody_needs_is_deleted()
            throws IOException {
        fetch();
        Path base = largest("orders");
        compute(BoxWork::train);
        Digest next = stage.coordinator.serve(stage.base("next", 2));
        stage.coordinator.othersPublish(stage.coordinator.view().plan().orElseThrow(), next);
        stage.coordinator.announce(Stage.plan(2, next), 2);
        refused(Code.STALE_ROUND, this::submit);
        fetch();
        refused(Code.BOX_INCOMPLETE, this::submit);
        assertThat(base).doesNotExist();
        Path stale = largest("results");
        compute(BoxWork::train);
        assertThat(stale).doesNotExist();
        assertThat(submit().admitted()).isTrue();
        assertThat(stage.coordinator.contributions)
                .singleElement()
                .satisfies(sent -> assertThat(sent.base()).isEqualTo(next));
    }

    @Test
    void orders_that_were_done_are_not_done_again_and_nothing_travels_twice() throws IOException {
        fetch();
        compute(BoxWork::train);
        assertThat(((Fetched.Ready) fetch()).before()).isTrue();
        int puts = store.puts.size();
        compute(BoxWork::train);
        assertThat(((Fetched.Ready) fetch()).before()).isTrue();
        assertThat(store.puts).hasSize(puts);
        assertThat(store.puts).filteredOn(name -> !name.endsWith(".json")).doesNotHaveDuplicates();
    }

    @Test
    void a_gateway_that_lost_its_copy_finds_in_the_store_what_it_had_put_there()
            throws IOException {
        fetch();
        compute(BoxWork::train);
        Drafts.delete(stage.home.boxes());
        assertThat(submit().admitted()).isTrue();
    }

    @Test
    void neither_another_member_s_box_nor_anything_else_is_written_over() throws IOException {
        Path thesis = Files.writeString(bucket.resolve("thesis.odt"), "chapter 1");
        refused(Code.NOT_A_BOX, this::fetch);
        assertThat(thesis).hasContent("chapter 1");
        Files.delete(thesis);
        fetch();
        Path label =
                objects("orders").stream().filter(StoredBoxTest::isLabel).findFirst().orElseThrow();
        BoxLabel mine = CanonicalJson.read(Files.readAllBytes(label), BoxLabel.class);
        byte[] other =
                CanonicalJson.write(
                        new BoxLabel(
                                mine.protocol(),
                                mine.consortium(),
                                new MemberId("espoo"),
                                mine.holdOutFraction(),
                                mine.holdOutSalt()));
        Path orders = bucket.resolve("orders.json");
        Files.write(bucket.resolve("orders/" + Digest.of(other)), other);
        Files.writeString(
                orders,
                "{\"files\":[{\"bytes\":%d,\"digest\":\"%s\",\"name\":\"box.json\"}],\"protocol\":%d}"
                        .formatted(other.length, Digest.of(other), mine.protocol()));
        String before = Files.readString(orders);
        refused(Code.OTHER_MEMBER, this::fetch);
        assertThat(orders).hasContent(before);
    }

    private static boolean isLabel(Path object) {
        try {
            CanonicalJson.read(Files.readAllBytes(object), BoxLabel.class);
            return true;
        } catch (RuntimeException | IOException _) {
            return false;
        }
    }

    @Test
    void what_goes_in_has_receipts_with_digests_and_neither_keys_nor_text_lie_there()
            throws IOException {
        fetch();
        compute(BoxWork::train);
        submit();
        assertThat(receipts)
                .filteredOn(receipt -> receipt.kind() == MessageKind.BOX_UPLOAD)
                .hasSameSizeAs(store.puts)
                .allSatisfy(receipt -> {
                    assertThat(receipt.path()).startsWith(ADDRESS + "/");
                    assertThat(receipt.content()).isPresent();
                });
        for (String half : List.of("orders", "results")) {
            for (Path object : objects(half)) {
                assertThat(new String(Files.readAllBytes(object), ISO_8859_1))
                        .doesNotContain("PRIVATE KEY", "sees a red moon");
            }
        }
    }

    @Test
    void a_copy_in_which_somebody_works_is_not_opened_twice() {
        fetch();
        compute(_ -> refused(Code.STORAGE, () -> compute(BoxWork::train)));
    }

    private static void flip(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
    }
}
