package dev.tapestry.aggregation;

import dev.tapestry.consortium.Digest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a merge has finished, so that a killed one goes on and a finished one is not done twice.
 *
 * <p>Text lines, each written when what it tells of is on disk; a line without its end counts as
 * not written:
 *
 * <pre>
 * merge IDENTITY               the order, see {@link MergeOrder#identity}
 * shard NAME SEAL SUM SUM …    seal in hexadecimal, sums as hexadecimal floats
 * done STATE                   digest of the outer state, or '-'
 * </pre>
 */
final class MergeJournal {

    private final Path file;
    private final Map<String, ShardMerge.Result> shards = new LinkedHashMap<>();
    private Optional<String> done = Optional.empty();

    private MergeJournal(Path file) {
        this.file = file;
    }

    /** Begins a journal, replacing what was there. */
    static MergeJournal begin(Path file, MergeOrder order) throws IOException {
        Files.writeString(file, "merge " + order.identity() + "\n");
        return new MergeJournal(file);
    }

    /** The journal in {@code file}, if there is one of the same order. */
    static Optional<MergeJournal> resume(Path file, MergeOrder order) throws IOException {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        String whole = text.substring(0, text.lastIndexOf('\n') + 1);
        List<String> lines = whole.lines().toList();
        if (lines.isEmpty() || !lines.getFirst().equals("merge " + order.identity())) {
            return Optional.empty();
        }
        MergeJournal journal = new MergeJournal(file);
        int members = order.contributions().size();
        for (String line : lines.subList(1, lines.size())) {
            if (!journal.read(line.split(" "), members)) {
                return Optional.empty();
            }
        }
        if (whole.length() < text.length()) {
            Files.writeString(file, whole);
        }
        return Optional.of(journal);
    }

    private boolean read(String[] words, int members) {
        try {
            switch (words[0]) {
                case "shard" -> {
                    double[] sums =
                            Arrays.stream(words).skip(3).mapToDouble(Double::parseDouble).toArray();
                    if (sums.length != MergeSums.length(members)) {
                        return false;
                    }
                    long seal = Long.parseLong(words[2], 16);
                    shards.put(words[1], new ShardMerge.Result(seal, new MergeSums(members, sums)));
                }
                case "done" -> done = Optional.of(words[1]);
                default -> {
                    return false;
                }
            }
            return true;
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException damaged) {
            return false;
        }
    }

    Optional<ShardMerge.Result> shard(String name) {
        return Optional.ofNullable(shards.get(name));
    }

    void addShard(String name, ShardMerge.Result result) throws IOException {
        String sums =
                Arrays.stream(result.sums().values())
                        .mapToObj(Double::toHexString)
                        .collect(Collectors.joining(" "));
        append("shard %s %x %s".formatted(name, result.seal(), sums));
        shards.put(name, result);
    }

    void finish(Optional<Digest> state) throws IOException {
        String digest = state.map(Digest::hex).orElse("-");
        append("done " + digest);
        done = Optional.of(digest);
    }

    boolean isDone() {
        return done.isPresent();
    }

    /** The digest of the outer state that the finished merge left; empty if it left none. */
    Optional<Digest> state() {
        return done.filter(digest -> !digest.equals("-")).map(Digest::new);
    }

    private void append(String line) throws IOException {
        Files.writeString(file, line + "\n", StandardOpenOption.APPEND, StandardOpenOption.SYNC);
    }
}
