package dev.tapestry.app.chaos;

import dev.tapestry.app.demo.DemoMember;
import dev.tapestry.node.NodeHome;
import java.nio.file.Path;

/**
 * Where the processes of a consortium keep what, and where they are told what to suffer.
 *
 * @param directory of all
 */
record Places(Path directory) {

    static String name(Victim victim, DemoMember node) {
        return victim.coordinator() ? "coordinator" : "node-" + node.id();
    }

    Path consortium() {
        return directory.resolve("consortium");
    }

    NodeHome home(DemoMember member) {
        return new NodeHome(directory.resolve("node-" + member.id()));
    }

    /** The directory in which a process works. */
    Path root(Victim victim, DemoMember node) {
        return victim.coordinator() ? consortium() : home(node).directory();
    }

    /** Orders to a process' disk, and what it reports. */
    Path control(Victim victim, DemoMember node) {
        return directory.resolve("control-" + name(victim, node));
    }

    /** What a process takes for the time. */
    Path clock(Victim victim, DemoMember node) {
        return control(victim, node).resolve("clock");
    }

    /** What a process prints. */
    Path log(String name) {
        return directory.resolve(name + ".log");
    }
}
