package dev.tapestry.node.box;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.node.box.BoxInventory.Item;
import dev.tapestry.node.trainer.JobFiles;
import dev.tapestry.node.trainer.TrainingJob;
import dev.tapestry.weights.Drafts;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A box that lies in an object store, as a directory. What arrives is laid where it belongs only
 * once all of it is here, in the order in which a directory is written: what makes the rest count
 * goes first and comes last. Not thread-safe.
 */
final class WorkingCopy {

    private static final List<String> FOLDERS =
            List.of("base", "candidate", "correction", "corpus");
    private static final String JOB = "job.json";
    private static final String ANSWER = "answer.json";

    /** What makes orders, or results, count; from the first to be deleted to the last. */
    private static final List<String> LABELS =
            List.of("done.json", "scored.json", "score.json", JOB);

    private record Seen(long bytes, FileTime at, Digest digest) {}

    private final DropBox box;
    private final Map<Path, Seen> seen = new HashMap<>();

    WorkingCopy(DropBox box) {
        this.box = box;
    }

    DropBox box() {
        return box;
    }

    /** What the orders here ask for; empty if there are none that can be read. */
    Optional<String> work() {
        try {
            if (!box.hasOrders()) {
                return Optional.empty();
            }
            return Optional.of(box.isToScore() ? work(box.toScore()) : work(box.training()));
        } catch (NodeException e) {
            return Optional.empty(); // damaged: laid out anew
        }
    }

    private static String work(ScoringJob job) {
        return "score " + job.plan() + " " + job.candidate();
    }

    static String work(TrainingJob job) {
        return "train " + job.plan();
    }

    /** The files that the gateway puts here. */
    SortedMap<String, Path> orders() {
        SortedMap<String, Path> files = new TreeMap<>();
        try {
            add(files, box.path(), "", BoxHalf.ORDERS);
            for (String folder : FOLDERS) {
                add(files, box.path().resolve(folder), folder + "/", BoxHalf.ORDERS);
            }
            return files;
        } catch (IOException e) {
            throw storage("read", e);
        }
    }

    /** The files that compute puts here. */
    SortedMap<String, Path> results() {
        SortedMap<String, Path> files = new TreeMap<>();
        try {
            add(files, box.path(), "", BoxHalf.RESULTS);
            return files;
        } catch (IOException e) {
            throw storage("read", e);
        }
    }

    private static void add(SortedMap<String, Path> files, Path folder, String begin, BoxHalf half)
            throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> listed = Files.list(folder)) {
            for (Path file : listed.filter(JobFiles::plain).toList()) {
                String name = begin + file.getFileName();
                if (half.has(name)) {
                    files.put(name, file);
                }
            }
        }
    }

    /** Describes files; each is read once for as long as nobody writes it. */
    List<Item> described(SortedMap<String, Path> files) {
        List<Item> items = new ArrayList<>();
        try {
            for (Map.Entry<String, Path> file : files.entrySet()) {
                items.add(
                        new Item(
                                file.getKey(),
                                digest(file.getValue()),
                                Files.size(file.getValue())));
            }
            return items;
        } catch (IOException e) {
            throw storage("read", e);
        }
    }

    private Digest digest(Path file) throws IOException {
        long bytes = Files.size(file);
        FileTime at = Files.getLastModifiedTime(file);
        Seen before = seen.get(file);
        if (before == null || before.bytes != bytes || !before.at.equals(at)) {
            before = new Seen(bytes, at, Sums.sum(file));
            seen.put(file, before);
        }
        return before.digest;
    }

    /** Whether a file lies where it belongs. */
    boolean holds(Item item) {
        return is(box.path().resolve(item.name()), item);
    }

    /** Whether a file is this one, whatever its name. */
    boolean is(Path file, Item item) {
        try {
            return JobFiles.plain(file)
                    && Files.size(file) == item.bytes()
                    && digest(file).equals(item.digest());
        } catch (IOException e) {
            return false;
        }
    }

    /** A file here that has these bytes under another name: a base was a candidate before. */
    Optional<Path> same(Item item) {
        return orders().values().stream().filter(file -> is(file, item)).findFirst();
    }

    /**
     * Lays the gateway's orders. What was done of the same ones stays, and with it what whoever
     * does them has put there for it: {@code corpus/}, and what {@code job.json} says of it.
     *
     * @param arrivals where the files are that are not here yet
     */
    void layOrders(BoxInventory orders, Map<Item, Path> arrivals) {
        boolean same = orders.work().isPresent() && orders.work().equals(work());
        try {
            Files.createDirectories(box.path());
            if (!same) {
                for (String label : LABELS) {
                    Drafts.delete(box.path().resolve(label));
                }
                box.directory().clearOutputs();
                Drafts.delete(box.path().resolve("results.sha256"));
            }
            for (Map.Entry<String, Path> file : orders().entrySet()) {
                boolean begun =
                        same && (file.getKey().equals(JOB) || file.getKey().startsWith("corpus/"));
                if (!begun && orders.file(file.getKey()).filter(this::holds).isEmpty()) {
                    Drafts.delete(file.getValue());
                }
            }
            boolean begun = same && Files.exists(box.directory().job());
            lay(
                    orders.files().stream()
                            .filter(item -> !begun || !item.name().equals(JOB))
                            .toList(),
                    arrivals);
        } catch (IOException e) {
            throw storage("lay out orders in", e);
        }
    }

    /** Lays what compute has done of the orders here, in place of what it had done. */
    void layResults(BoxInventory results, Map<Item, Path> arrivals) {
        SortedMap<String, Path> here = results();
        here.remove(JOB);
        List<String> names = results.files().stream().map(Item::name).toList();
        if (names.containsAll(here.keySet()) && results.files().stream().allMatch(this::holds)) {
            return; // so that who looks at it sees that nothing has changed
        }
        try {
            Drafts.delete(box.path().resolve("done.json"));
            Drafts.delete(box.path().resolve("scored.json"));
            Drafts.delete(box.path().resolve(ANSWER)); // that was to something else
            for (Map.Entry<String, Path> file : here.entrySet()) {
                if (!names.contains(file.getKey())) {
                    Drafts.delete(file.getValue());
                }
            }
            lay(results.files(), arrivals);
        } catch (IOException e) {
            throw storage("lay results into", e);
        }
    }

    /** Labels come last, and of these the one that is deleted first. */
    private void lay(Collection<Item> items, Map<Item, Path> arrivals) throws IOException {
        for (Item item : items) {
            if (!LABELS.contains(item.name())) {
                lay(item, arrivals);
            }
        }
        for (String label : LABELS.reversed()) {
            for (Item item : items) {
                if (item.name().equals(label)) {
                    lay(item, arrivals);
                }
            }
        }
    }

    private void lay(Item item, Map<Item, Path> arrivals) throws IOException {
        Path target = box.path().resolve(item.name());
        Path arrival = arrivals.get(item);
        if (arrival == null) {
            return; // it lies there already
        }
        Files.createDirectories(target.getParent());
        Path draft = Drafts.beside(target);
        try {
            copy(arrival, draft);
            Drafts.publish(draft, target);
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try {
            Files.createLink(to, from);
        } catch (UnsupportedOperationException | IOException e) {
            Files.copy(from, to); // a file system without second names
            try (FileChannel written = FileChannel.open(to, StandardOpenOption.WRITE)) {
                written.force(true);
            }
        }
    }

    private NodeException storage(String what, IOException e) {
        return new NodeException(Code.STORAGE, "cannot " + what + " " + box.path() + ": " + e, e);
    }
}
