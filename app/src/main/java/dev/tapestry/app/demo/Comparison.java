package dev.tapestry.app.demo;

import dev.tapestry.app.demo.DemoResult.MemberResult;
import dev.tapestry.app.demo.DemoResult.ModelResult;
import dev.tapestry.app.demo.Job.Kind;
import dev.tapestry.app.process.Programs;
import dev.tapestry.consortium.LocalTraining;
import dev.tapestry.node.build.SovereignBuild;
import dev.tapestry.trust.SafeFile;
import dev.tapestry.trust.json.CanonicalJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes the sovereign models and what they are compared with: each member alone, and all text in
 * one place. One process per job and processor at a time; finished jobs are not done again.
 */
final class Comparison {

    private final DemoSettings settings;
    private final DemoDirectory directory;
    private final Programs programs;
    private final Stop stop;
    private final Elapsed elapsed;
    private final Screen screen;

    Comparison(
            DemoSettings settings,
            DemoDirectory directory,
            Programs programs,
            Stop stop,
            Elapsed elapsed,
            Screen screen) {
        this.settings = settings;
        this.directory = directory;
        this.programs = programs;
        this.stop = stop;
        this.elapsed = elapsed;
        this.screen = screen;
    }

    DemoResult run(Path adopted, Path shared, long parameters, Demo.LoopTraffic traffic)
            throws InterruptedException {
        List<Job> jobs = new ArrayList<>();
        // The long central job goes first, beside the others.
        jobs.add(job(Kind.CENTRAL, "", adopted, settings.central()));
        for (DemoMember member : settings.consortium().members()) {
            jobs.add(job(Kind.SOVEREIGN, member.id().value(), shared, settings.sovereign()));
        }
        for (DemoMember member : settings.consortium().members()) {
            jobs.add(job(Kind.ALONE, member.id().value(), adopted, settings.alone()));
        }
        runAll(jobs);
        return collect(jobs, shared, parameters, traffic);
    }

    private static Job job(Kind kind, String member, Path base, LocalTraining training) {
        return new Job(kind, member, base.toAbsolutePath().toString(), training);
    }

    private void runAll(List<Job> jobs) throws InterruptedException {
        List<Job> waiting =
                jobs.stream().filter(job -> !Files.exists(directory.result(job.name()))).toList();
        JobQueue queue = new JobQueue(waiting, Runtime.getRuntime().availableProcessors());
        Map<Job, Process> running = new HashMap<>();
        while (!queue.isDone()) {
            stop.check();
            for (Job job : queue.begin()) {
                screen.step(
                        "training "
                                + job.name()
                                + " for "
                                + job.training().totalTokens()
                                + " tokens");
                running.put(job, start(job));
            }
            screen.status(
                    "training "
                            + String.join(", ", running.keySet().stream().map(Job::name).toList()));
            Thread.sleep(100);
            for (Job job : List.copyOf(running.keySet())) {
                Process process = running.get(job);
                if (process != null && !process.isAlive()) {
                    running.remove(job);
                    queue.ended(job);
                    elapsed.note();
                    if (process.exitValue() != 0) {
                        stop.checkAfter(process.exitValue());
                        throw new DemoException(
                                DemoException.Code.PROCESS,
                                "%s failed (exit code %d); see %s"
                                        .formatted(
                                                job.name(),
                                                process.exitValue(),
                                                directory.log(job.name())));
                    }
                }
            }
        }
    }

    private Process start(Job job) {
        SafeFile.write(directory.job(job.name()), CanonicalJson.write(job));
        return programs.start(
                directory.log(job.name()),
                // It trains in native code and ends soon: compiling its Java well costs more than
                // it gives.
                List.of("-Xmx" + Demo.HEAP_NODE, "-XX:TieredStopAtLevel=1"),
                List.of(JobCommand.NAME, directory.root().toString(), job.name()));
    }

    private DemoResult collect(
            List<Job> jobs, Path shared, long parameters, Demo.LoopTraffic traffic) {
        Map<String, Job.Result> results = new HashMap<>();
        for (Job job : jobs) {
            results.put(job.name(), result(job));
        }
        List<MemberResult> members = new ArrayList<>();
        List<ModelResult> models = new ArrayList<>();
        models.add(
                new ModelResult(
                        "shared-base",
                        null,
                        shared.toString(),
                        SovereignBuild.digest(shared).hex()));
        double gap = 0;
        for (DemoMember member : settings.consortium().members()) {
            String id = member.id().value();
            Job.Result sovereign = found(results, "sovereign-" + id);
            Job.MemberScore own = score(sovereign, id);
            Job.MemberScore alone = score(found(results, "alone-" + id), id);
            Job.MemberScore central = score(found(results, "central"), id);
            members.add(
                    new MemberResult(
                            id,
                            member.card().name(),
                            alone.before(),
                            own.before(),
                            own.after(),
                            alone.after(),
                            central.after()));
            models.add(new ModelResult("sovereign", id, sovereign.path(), sovereign.digest()));
            gap +=
                    (own.before() / central.after() - 1)
                            * 100
                            / settings.consortium().members().size();
        }
        return new DemoResult(
                settings.seed(),
                settings.rounds(),
                elapsed.seconds(),
                traffic.up(),
                traffic.down(),
                settings.dataParallelBytes(parameters),
                gap,
                members,
                models);
    }

    private static Job.Result found(Map<String, Job.Result> results, String name) {
        Job.Result result = results.get(name);
        if (result == null) {
            throw new IllegalStateException("there is no result of " + name);
        }
        return result;
    }

    private static Job.MemberScore score(Job.Result result, String member) {
        return result.scores().stream()
                .filter(s -> s.member().equals(member))
                .findFirst()
                .orElseThrow();
    }

    private Job.Result result(Job job) {
        try {
            return CanonicalJson.read(
                    Files.readAllBytes(directory.result(job.name())), Job.Result.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
