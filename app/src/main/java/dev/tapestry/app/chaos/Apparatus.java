package dev.tapestry.app.chaos;

import dev.tapestry.app.chaos.disk.FailingDiskProvider;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What stands ready to break.
 *
 * @param disks whether the processes have disks that can fail
 * @param lines whether nodes reach the coordinator through lines that can break
 * @param clocks whether the processes have clocks that can be set
 */
record Apparatus(boolean disks, boolean lines, boolean clocks) {

    /** Nothing: what is killed is killed from outside. */
    static Apparatus none() {
        return new Apparatus(false, false, false);
    }

    /**
     * What a JVM is started with.
     *
     * @param control where orders for it lie
     * @param root of what can fail of its disk
     * @param clock file with the seconds by which its clock is wrong
     */
    List<String> options(Path control, Path root, Path clock) {
        List<String> options = new ArrayList<>();
        if (disks) {
            options.addAll(FailingDiskProvider.options(control, root));
        }
        if (clocks) {
            options.add(ShiftedClock.option(control, clock));
        }
        return options;
    }
}
