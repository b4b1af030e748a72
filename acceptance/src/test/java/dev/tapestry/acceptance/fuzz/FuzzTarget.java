package dev.tapestry.acceptance.fuzz;

import dev.tapestry.acceptance.fuzz.ForeignReader.Language;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** What Jazzer calls, in a process of its own. */
public final class FuzzTarget {

    /** The readers, and where they may write. */
    private record Job(List<ForeignReader> readers, Path scratch) {}

    private static final AtomicReference<Job> JOB = new AtomicReference<>();

    private FuzzTarget() {}

    /** Jazzer's beginning: a language and a directory. */
    public static void fuzzerInitialize(String[] words) throws IOException {
        List<ForeignReader> readers = ForeignReaders.of(Language.valueOf(words[0]));
        Path scratch = Path.of(words[1]);
        for (ForeignReader reader : readers) {
            Files.createDirectories(scratch.resolve(reader.name()));
        }
        JOB.set(new Job(readers, scratch));
    }

    /** One input for each reader; whatever is thrown is a finding. */
    public static void fuzzerTestOneInput(byte[] bytes) throws IOException {
        Job job = JOB.get();
        for (ForeignReader reader : job.readers) {
            reader.attempt(bytes, job.scratch.resolve(reader.name()));
        }
    }
}
