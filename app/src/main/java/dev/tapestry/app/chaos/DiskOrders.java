package dev.tapestry.app.chaos;

import dev.tapestry.app.chaos.disk.DiskOrder;
import dev.tapestry.app.demo.DemoMember;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Tells the disks of processes how to fail, and reads what they did. */
final class DiskOrders {

    private final Places places;
    private final Set<String> mayEnd = new HashSet<>();

    DiskOrders(Places places) {
        this.places = places;
    }

    /** Has a disk fail by this order; what earlier orders did is forgotten. */
    void order(Victim victim, DemoMember node, DiskOrder order) {
        Path control = places.control(victim, node);
        if (order.fault().ends()) {
            mayEnd.add(Places.name(victim, node));
        }
        try {
            Files.deleteIfExists(control.resolve("report"));
            Path draft = Files.writeString(control.resolve("order.new"), order.line());
            Files.move(draft, control.resolve("order"), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Takes the order back; the disk works again. */
    void takeBack(Victim victim, DemoMember node) {
        mayEnd.remove(Places.name(victim, node));
        try {
            Files.deleteIfExists(places.control(victim, node).resolve("order"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a disk has done by its order. */
    List<String> report(Victim victim, DemoMember node) {
        Path report = places.control(victim, node).resolve("report");
        try {
            return Files.exists(report) ? Files.readAllLines(report) : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether the order to a process' disk is one that ends the process. */
    boolean mayEnd(String process) {
        return mayEnd.contains(process);
    }
}
