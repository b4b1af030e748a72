package dev.tapestry.coordinator;

import dev.tapestry.coordinator.store.Leadership;
import dev.tapestry.objects.ObjectStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * What of a coordinator's directory the next one to lead needs too. Where a store is configured it
 * holds these files, by their paths in the directory, and the directory is a cache of it: a file is
 * put into the store before an event speaks of it, and fetched when it is not here. Without a store
 * the directory itself is the durable place, and nothing here does anything.
 *
 * <p>What is fetched from others is believed only when it has the digest that the log names. What
 * is in the store is never changed under its name, but for small documents of which the last one
 * counts: what was answered to a member, what it co-signed. Thread-safe.
 */
final class SharedFiles implements AutoCloseable {

    private final Path root;
    private final Optional<ObjectStore> store;
    private final Leadership leadership;

    /** A place is fetched once at a time; who fetches another does not wait for that. */
    private final ConcurrentMap<Path, ReentrantLock> fetching = new ConcurrentHashMap<>();

    SharedFiles(Path root, Optional<ObjectStore> store, Leadership leadership) {
        this.root = root;
        this.store = store;
        this.leadership = leadership;
    }

    /** Files that only this directory holds. */
    static SharedFiles own(Path root) {
        return new SharedFiles(root, Optional.empty(), new Leadership.Alone());
    }

    /** What a fetch that was cut off has left; call it while nobody fetches. */
    void dropUnfinished() {
        FileTrees.delete(drafts());
    }

    /**
     * Keeps a file, or all files of a folder; those of the same name and length are there already.
     */
    void keep(Path place) {
        store.ifPresent(objects -> {
            SortedMap<String, Long> there = objects.list(name(place));
            files(place)
                    .forEach((name, file) -> {
                        if (!Long.valueOf(FileTrees.size(file)).equals(there.get(name))) {
                            objects.put(name, file);
                        }
                    });
        });
    }

    /** Keeps a file whose content may have changed, or each of a folder. */
    void keepAnew(Path place) {
        store.ifPresent(objects -> {
            leadership.confirm();
            files(place).forEach(objects::put);
        });
    }

    /**
     * Makes sure that a file or folder is here, if it is anywhere.
     *
     * @param check throws if what was fetched is not what it should be; it is given a draft
     * @return whether it is here now
     */
    boolean fetch(Path place, Consumer<Path> check) {
        return fetch(place, place, check);
    }

    /**
     * The same of what lies under another name in the store.
     *
     * @param there the place whose name it has
     */
    boolean fetch(Path there, Path place, Consumer<Path> check) {
        if (Files.exists(place) || store.isEmpty()) {
            return Files.exists(place);
        }
        ReentrantLock one = lock(place);
        one.lock();
        try {
            return Files.exists(place) || fetched(there, place, store.get(), check);
        } finally {
            one.unlock();
        }
    }

    private ReentrantLock lock(Path place) {
        return fetching.computeIfAbsent(place, _ -> new ReentrantLock());
    }

    /**
     * Replaces a file or folder by that of the store.
     *
     * @return false if the store has none; what is here stays
     */
    boolean fetchAnew(Path place, Consumer<Path> check) {
        ReentrantLock one = lock(place);
        one.lock();
        try {
            return store.isPresent() && fetched(place, place, store.get(), check);
        } finally {
            one.unlock();
        }
    }

    /**
     * Replaces what the disk has damaged.
     *
     * @return false if the store has none, or no better one
     */
    boolean restore(Path place, Consumer<Path> check) {
        try {
            return fetchAnew(place, check);
        } catch (CoordinatorException e) {
            if (e.code() != CoordinatorException.Code.MODEL) {
                throw e;
            }
            return false;
        }
    }

    /** Makes sure that everything directly in a folder is here, where it never changes. */
    void fetchAll(Path folder) {
        documents(folder).forEach(file -> fetch(file, _ -> {}));
    }

    /** Takes everything directly in a folder as whoever led last left it in the store. */
    void fetchAllAnew(Path folder) {
        documents(folder).forEach(file -> fetchAnew(file, _ -> {}));
    }

    /** What is being written into a folder that is the store has a hidden name. */
    private List<Path> documents(Path folder) {
        return names(folder).stream()
                .filter(name -> !name.startsWith("."))
                .map(folder::resolve)
                .toList();
    }

    private boolean fetched(Path there, Path place, ObjectStore objects, Consumer<Path> check) {
        String name = name(there);
        Path draft = drafts().resolve(UUID.randomUUID().toString());
        try {
            if (!objects.fetch(name, draft)) {
                Set<String> within = objects.list(name + "/").keySet();
                within.forEach(file ->
                        objects.fetch(file, draft.resolve(file.substring(name.length() + 1))));
                if (within.isEmpty()) {
                    return false;
                }
                FileTrees.sync(draft);
            }
            check.accept(draft);
            FileTrees.create(place.resolveSibling("."));
            if (Files.isDirectory(place)) {
                FileTrees.delete(place);
            }
            FileTrees.move(draft, place);
            return true;
        } finally {
            FileTrees.delete(draft);
        }
    }

    /** The names directly in a folder of the store, of files and folders. */
    Set<String> names(Path folder) {
        Set<String> names = new TreeSet<>();
        within(folder).forEach(name -> names.add(name.replaceFirst("/.*", "")));
        return names;
    }

    /** All files in a folder of the store, by their paths in it. */
    Set<String> within(Path folder) {
        Set<String> names = new TreeSet<>();
        store.ifPresent(objects -> {
            String prefix = name(folder) + "/";
            objects.list(prefix)
                    .keySet()
                    .forEach(name -> names.add(name.substring(prefix.length())));
        });
        return names;
    }

    /** Deletes a file or folder from the store; what is here stays. */
    void drop(Path place) {
        store.ifPresent(objects -> {
            Set<String> there = objects.list(name(place)).keySet();
            leadership.confirm();
            objects.delete(
                    there.stream()
                            .filter(name ->
                                    name.equals(name(place)) || name.startsWith(name(place) + "/"))
                            .toList());
        });
    }

    /**
     * Deletes from a folder of the store whatever lies under other names.
     *
     * <p>It is listed before this coordinator makes sure that it leads: what a successor puts there
     * is not in the list.
     */
    void keepOnly(Path folder, Predicate<String> kept) {
        store.ifPresent(objects -> {
            String prefix = name(folder) + "/";
            Set<String> there = objects.list(prefix).keySet();
            leadership.confirm();
            objects.delete(
                    there.stream()
                            .filter(name ->
                                    !kept.test(
                                            name.substring(prefix.length())
                                                    .replaceFirst("/.*", "")))
                            .toList());
        });
    }

    /** The files at a place, by their names in the store. */
    private SortedMap<String, Path> files(Path place) {
        SortedMap<String, Path> files = new TreeMap<>();
        if (Files.isDirectory(place)) {
            FileTrees.list(place).forEach(inner -> files.putAll(files(inner)));
        } else {
            files.put(name(place), place);
        }
        return files;
    }

    private String name(Path place) {
        List<String> parts = new ArrayList<>();
        root.relativize(place).normalize().forEach(part -> parts.add(part.toString()));
        return String.join("/", parts);
    }

    private Path drafts() {
        return root.resolve("fetching");
    }

    @Override
    public void close() {
        store.ifPresent(ObjectStore::close);
    }
}
