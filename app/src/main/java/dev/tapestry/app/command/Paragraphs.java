package dev.tapestry.app.command;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * Lets what commands say of themselves flow, as wide as the terminal: lines that follow each other
 * in the source become one paragraph; an empty line ends it.
 */
final class Paragraphs {

    private Paragraphs() {}

    /** In the help of this command, and of those below it. */
    static void flow(CommandLine line) {
        UsageMessageSpec usage = line.getCommandSpec().usageMessage();
        usage.description(of(usage.description()));
        line.getSubcommands().values().forEach(Paragraphs::flow);
    }

    private static String[] of(String... lines) {
        List<String> paragraphs = new ArrayList<>();
        boolean open = false;
        for (String line : lines) {
            if (open && !line.isEmpty()) {
                paragraphs.add(paragraphs.removeLast() + " " + line);
            } else {
                paragraphs.add(line);
            }
            open = !line.isEmpty();
        }
        return paragraphs.toArray(String[]::new);
    }
}
