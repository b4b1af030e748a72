package dev.tapestry.app.chaos;

import dev.tapestry.app.report.TextTable;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * What came of all faults.
 *
 * @param commit of the program
 * @param seed of the choice of nodes and instants
 * @param members of the consortium
 * @param rounds of the run
 * @param secondsPerRound of the run that nobody disturbed
 * @param trials in their order
 * @param missed faults whose moment was not seen in several rounds
 * @param same whether all bases of both runs have the same digests
 * @param lost what members were told to be kept and is not in the log
 * @param unverified commands of verification that failed
 */
record ChaosReport(
        String commit,
        long seed,
        int members,
        int rounds,
        double secondsPerRound,
        List<Trial> trials,
        List<Fault> missed,
        boolean same,
        List<String> lost,
        List<String> unverified) {

    ChaosReport {
        trials = List.copyOf(trials);
        missed = List.copyOf(missed);
        lost = List.copyOf(lost);
        unverified = List.copyOf(unverified);
    }

    /** Whether every fault was survived with the same bases and sound logs. */
    boolean sound() {
        return same && lost.isEmpty() && unverified.isEmpty();
    }

    /** For the terminal. */
    String text() {
        return TextTable.ofWords(rows(List.of(Trial::node))) + "\n" + conclusion() + "\n";
    }

    /** For a document. */
    String markdown() {
        return TextTable.markdown(rows(List.of())) + "\n" + conclusion() + "\n";
    }

    private List<List<String>> rows(List<Function<Trial, String>> more) {
        List<List<String>> rows = new ArrayList<>();
        List<String> head =
                new ArrayList<>(
                        List.of(
                                "who",
                                "what",
                                "when",
                                "base of the round",
                                "after the fault",
                                "steps again",
                                "bytes again"));
        more.forEach(_ -> head.add("node"));
        rows.add(head);
        for (Trial trial : trials) {
            List<String> row =
                    new ArrayList<>(
                            List.of(
                                    trial.fault().victim().title(),
                                    trial.fault().what(),
                                    trial.fault().when(),
                                    trial.same() ? "the same" : "ANOTHER",
                                    "%.1f s".formatted(trial.seconds()),
                                    Long.toString(trial.stepsAgain()),
                                    "%,d".formatted(trial.bytesAgain())));
            more.forEach(column -> row.add(column.apply(trial)));
            rows.add(row);
        }
        return rows;
    }

    private String conclusion() {
        List<String> lines = new ArrayList<>();
        lines.add(
                "%d faults in a run of %d rounds with %d members; an undisturbed round takes %.1f s."
                        .formatted(trials.size(), rounds, members, secondsPerRound));
        lines.add(
                same
                        ? "All %d bases are those of the undisturbed run, bit by bit."
                                .formatted(rounds)
                        : "NOT all bases are those of the undisturbed run.");
        lines.add(
                lost.isEmpty()
                        ? "Nothing lost: what members were told to be kept stands in the log."
                        : "LOST: " + lost);
        lines.add(
                unverified.isEmpty()
                        ? "All logs verify, each node's bears the coordinator's out, and the last merge is right."
                        : "Verification failed: " + unverified);
        if (!missed.isEmpty()) {
            lines.add(
                    "Moments that did not come, or were too short to be seen: "
                            + missed.stream()
                                    .map(fault -> fault.victim().title() + ", " + fault.told())
                                    .toList());
        }
        return String.join("\n", lines);
    }
}
