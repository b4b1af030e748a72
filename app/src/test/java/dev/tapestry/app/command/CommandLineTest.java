package dev.tapestry.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tapestry.app.report.LinePlot;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What holds for all commands. */
final class CommandLineTest {

    @Test
    void every_commands_help_has_a_description_an_example_and_ends_with_0() {
        for (CommandLine command : all(new TapestryCommand().line())) {
            String name = command.getCommandSpec().qualifiedName();
            Said said =
                    Said.by(
                            (Object[])
                                    (name + " --help").replaceFirst("^tapestry ", "").split(" "));
            assertThat(said.code()).as(name).isZero();
            assertThat(said.out()).as(name).contains("Example").contains("  tapestry ");
            assertThat(command.getCommandSpec().usageMessage().description()).as(name).isNotEmpty();
        }
    }

    @Test
    void what_commands_say_of_themselves_flows_as_wide_as_the_terminal() {
        for (CommandLine command : all(new TapestryCommand().line())) {
            int width = command.getUsageHelpWidth();
            List<String> lines = command.getHelp().description().lines().toList();
            for (int i = 1; i < lines.size(); i++) {
                String before = lines.get(i - 1);
                String word = lines.get(i).split(" ", 2)[0];
                if (!before.isEmpty() && !word.isEmpty()) {
                    assertThat(before.length() + 1 + word.length())
                            .as("'%s' and what follows it", before)
                            .isGreaterThanOrEqualTo(width);
                }
            }
        }
    }

    @Test
    void every_commands_example_shows_that_command() {
        for (CommandLine command : all(new TapestryCommand().line())) {
            String name = command.getCommandSpec().qualifiedName();
            assertThat(String.join("\n", command.getCommandSpec().usageMessage().footer()))
                    .as(name)
                    .contains(command.getSubcommands().isEmpty() ? "  " + name : "  tapestry ");
        }
    }

    @Test
    void figures_and_drawings_look_the_same_in_every_country() {
        Locale before = Locale.getDefault(Locale.Category.FORMAT);
        try {
            Locale.setDefault(Locale.Category.FORMAT, Locale.GERMANY);
            assertThat(TapestryCommand.run("--version")).isZero();
            List<LinePlot.Point> points =
                    List.of(new LinePlot.Point(0.3, 1.7), new LinePlot.Point(0.71, 1.23));
            LinePlot.Line line = new LinePlot.Line("loss", points, false);
            assertThat(new LinePlot("title", "x", "y", List.of(line)).svg())
                    .contains(".")
                    .doesNotContain(",");
        } finally {
            Locale.setDefault(Locale.Category.FORMAT, before);
        }
    }

    @Test
    void a_port_that_nobody_could_call_is_refused_before_anything_is_founded(
            @TempDir Path directory) {
        Path consortium = directory.resolve("consortium");
        Said said = Said.by("consortium", "found", consortium, "--name", "Weave", "--port", 0);
        assertThat(said.code()).isEqualTo(1);
        assertThat(said.err()).contains("port 0 is no port that nodes could call");
        assertThat(consortium).doesNotExist();
        assertThat(
                        Said.by(
                                        "consortium",
                                        "found",
                                        consortium,
                                        "--name",
                                        "Weave",
                                        "--port",
                                        8443,
                                        "--dns",
                                        "::1")
                                .out())
                .contains("nodes will call https://[::1]:8443");
    }

    @Test
    void a_value_of_the_wrong_form_is_refused_in_words() {
        Said duration = Said.by("member", "invite", "loom", "ada", "--valid", "72h");
        assertThat(duration.code()).isEqualTo(2);
        assertThat(duration.err()).contains("PT72H for 72 hours").doesNotContain("java.");
        Said id = Said.by("member", "invite", "loom", "Uni Helsinki");
        assertThat(id.code()).isEqualTo(2);
        assertThat(id.err()).contains("a member id is").doesNotContain("java.");
    }

    @Test
    void no_option_is_called_by_a_number() {
        for (CommandLine command : all(new TapestryCommand().line())) {
            assertThat(command.getUsageMessage()).doesNotContainPattern("<arg\\d+>");
        }
    }

    @Test
    void wrong_usage_ends_with_2_and_says_where_to_look() {
        List<String> wrong =
                List.of(
                        "weave",
                        "node",
                        "node joni",
                        "model generate",
                        "model logits m --ids one --json f",
                        "model import a b --dtype f8",
                        "member invite d NOT/AN/ID",
                        "member invite d alpha --valid tomorrow",
                        "consortium found d",
                        "tokenizer train c o");
        for (String words : wrong) {
            Said said = Said.by((Object[]) words.split(" "));
            assertThat(said.code()).as(words).isEqualTo(2);
            assertThat(said.out()).as(words).isEmpty();
            assertThat(said.err()).as(words).startsWith("tapestry: ").hasLineCount(2);
        }
    }

    @Test
    void a_refusal_is_one_line_and_ends_with_1() {
        for (String words :
                List.of(
                        "model show /no/such/model",
                        "consortium show /no/such/consortium",
                        "member list /no/such/consortium",
                        "node receipts /no/such/node",
                        "node start /no/such/node",
                        "run start /no/such/consortium /no/such/plan.yaml",
                        "verify log /no/such/log")) {
            Said said = Said.by((Object[]) words.split(" "));
            assertThat(said.code()).as(words).isEqualTo(1);
            assertThat(said.err()).as(words).startsWith("tapestry: ").hasLineCount(1);
        }
    }

    private static List<CommandLine> all(CommandLine root) {
        List<CommandLine> all = new ArrayList<>(List.of(root));
        root.getSubcommands().values().stream()
                .filter(command -> !command.getCommandSpec().usageMessage().hidden())
                .forEach(command -> all.addAll(all(command)));
        return all;
    }
}
