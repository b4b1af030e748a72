package dev.tapestry.node.trainer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * The processes that work for a job. They carry its directory in their environment, as children
 * inherit it, so that they are found also when the node that started them was killed, and when they
 * have left the session or lost their parent. A process that clears its environment is found as
 * long as it stays in the session of the command.
 */
final class JobProcesses {

    private static final String MARK = "TAPESTRY_JOB";
    private static final long POLL_NANOS = Duration.ofMillis(20).toNanos();

    private final Path directory;
    private final String mark;
    private long session = -1;

    JobProcesses(JobDirectory job) {
        this.directory = job.path();
        this.mark = "\0" + MARK + "=" + directory + "\0";
    }

    /**
     * Starts a command in the job's directory and in a session of its own: a keyboard's interrupt
     * is the node's to hear.
     */
    Process start(List<String> words, Map<String, String> environment, Path log)
            throws IOException {
        List<String> command = new java.util.ArrayList<>(List.of("setsid"));
        command.addAll(words);
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        builder.environment().put(MARK, directory.toString());
        Process process = builder.start();
        session = process.pid();
        return process;
    }

    /** Asks all of them to end, and ends them if they have not done so after {@code grace}. */
    void end(Duration grace) {
        alive().forEach(ProcessHandle::destroy);
        long until = System.nanoTime() + grace.toNanos();
        List<ProcessHandle> left = alive();
        while (!left.isEmpty()) {
            if (System.nanoTime() - until >= 0) {
                left.forEach(ProcessHandle::destroyForcibly);
            }
            LockSupport.parkNanos(POLL_NANOS);
            left = alive();
        }
    }

    private List<ProcessHandle> alive() {
        ProcessHandle self = ProcessHandle.current();
        return ProcessHandle.allProcesses()
                .filter(process -> !process.equals(self) && worksForTheJob(process.pid()))
                .toList();
    }

    private boolean worksForTheJob(long pid) {
        Path process = Path.of("/proc", Long.toString(pid));
        try {
            // pid (name) state parent group session …; a name may hold anything, also a bracket.
            String stat = Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1);
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            boolean ended = fields[0].equals("Z") || fields[0].equals("X");
            return !ended
                    && (fields[3].equals(Long.toString(session))
                            || ("\0" + environment(process)).contains(mark));
        } catch (IOException _) {
            return false; // it has ended, or is somebody else's
        }
    }

    private static String environment(Path process) throws IOException {
        return Files.readString(process.resolve("environ"), StandardCharsets.ISO_8859_1);
    }
}
