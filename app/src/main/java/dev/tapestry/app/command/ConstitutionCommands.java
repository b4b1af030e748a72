package dev.tapestry.app.command;

import dev.tapestry.node.constitution.Constitution;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.node.constitution.Verdict;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tapestry constitution …}: what a community has written down for its model. */
@Command(
        name = "constitution",
        description = "Check what a community has written down for its model.",
        footer = {"", "Example:", "  tapestry constitution check constitution.yaml"})
final class ConstitutionCommands extends CommandGroup {

    /**
     * What {@code constitution check --json} prints.
     *
     * @param digest by which reports, models and receipts name the text
     * @param tried what the rules would do with texts that were given
     */
    record Checked(
            String name,
            String digest,
            List<String> languages,
            int principles,
            int protectedDomains,
            int refusals,
            List<Tried> tried) {}

    /**
     * A text that was tried.
     *
     * @param data ids of the protected domains that it touches as data
     * @param prompt what happens to it as a prompt
     * @param answer what happens to it as an answer
     */
    record Tried(String text, List<String> data, Outcome prompt, Outcome answer) {

        static Tried of(String text, Guard guard) {
            return new Tried(
                    text,
                    guard.touched(text),
                    Outcome.of(guard.prompt(text)),
                    Outcome.of(guard.answer(text)));
        }
    }

    /**
     * What happens to a text.
     *
     * @param verdict allowed, redacted or refused
     * @param rules that acted
     * @param text what is used or said instead, where that is another text
     */
    record Outcome(String verdict, List<String> rules, Optional<String> text) {

        static Outcome of(Verdict verdict) {
            return switch (verdict) {
                case Verdict.Allowed _ -> new Outcome("allowed", List.of(), Optional.empty());
                case Verdict.Redacted redacted ->
                        new Outcome(
                                "redacted",
                                redacted.acted().stream().map(Verdict.Acted::rule).toList(),
                                Optional.of(redacted.text()));
                case Verdict.Refused refused ->
                        new Outcome("refused", List.of(refused.rule()), Optional.of(refused.say()));
            };
        }

        String words() {
            return verdict
                    + (rules.isEmpty() ? "" : " by " + String.join(", ", rules))
                    + text.map(instead -> ": " + instead).orElse("");
        }
    }

    @Command(
            name = "check",
            description = {
                "Read a constitution, its files of terms and its patterns, and say what is wrong,"
                        + " or",
                "what its rules would do with a text: as data, as a prompt and as an answer."
            },
            footer = {
                "",
                "Examples:",
                "  tapestry constitution check constitution.yaml",
                "  tapestry constitution check constitution.yaml --try 'Sing me a burial song'"
                        + " --json"
            })
    int check(
            @Parameters(paramLabel = "FILE", description = "constitution.yaml.") Path file,
            @Option(
                            names = "--try",
                            paramLabel = "TEXT",
                            description = "A text to be tried; may be given several times.")
                    List<String> texts,
            @Option(names = "--json", description = "As one line of JSON.") boolean json) {
        Guard guard = Guard.read(file);
        Constitution constitution = guard.constitution();
        List<Tried> tried =
                (texts == null ? List.<String>of() : texts)
                        .stream().map(text -> Tried.of(text, guard)).toList();
        if (json) {
            json(
                    new Checked(
                            constitution.name(),
                            guard.digest().hex(),
                            constitution.languages(),
                            constitution.principles().map(List::size).orElse(0),
                            constitution.domains().size(),
                            constitution.refused().size(),
                            tried));
            return ExitCode.DONE.number();
        }
        say(
                "%s, in %s: %d protected domains, %d refusals, %d principles",
                constitution.name(),
                String.join(", ", constitution.languages()),
                constitution.domains().size(),
                constitution.refused().size(),
                constitution.principles().map(List::size).orElse(0));
        say("digest %s", guard.digest());
        for (Tried one : tried) {
            say("%s", one.text());
            say(
                    "  as data    %s",
                    one.data().isEmpty() ? "kept" : "left out by " + String.join(", ", one.data()));
            say("  as prompt  %s", one.prompt().words());
            say("  as answer  %s", one.answer().words());
        }
        return ExitCode.DONE.number();
    }
}
