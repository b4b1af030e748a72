package dev.tapestry.app.demo;

import java.util.ArrayList;
import java.util.List;

/**
 * Which jobs may begin: as many at once as there are processors, and never two of one member, whose
 * node builds one model at a time.
 */
final class JobQueue {

    private final List<Job> waiting;
    private final List<Job> running = new ArrayList<>();
    private final int atOnce;

    JobQueue(List<Job> jobs, int atOnce) {
        this.waiting = new ArrayList<>(jobs);
        this.atOnce = atOnce;
    }

    /** The jobs that begin now, the first of the list first. */
    List<Job> begin() {
        List<Job> begun = new ArrayList<>();
        for (Job job : List.copyOf(waiting)) {
            if (running.size() < atOnce && running.stream().noneMatch(job::sharesMember)) {
                waiting.remove(job);
                running.add(job);
                begun.add(job);
            }
        }
        return begun;
    }

    void ended(Job job) {
        running.remove(job);
    }

    /** Whether every job has ended. */
    boolean isDone() {
        return waiting.isEmpty() && running.isEmpty();
    }
}
