package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.tapestry.app.command.TapestryCommand;
import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.MemberId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import picocli.CommandLine;

/** Every command that a document names exists, and takes what the document gives it. */
class GuideTest {

    private static final List<String> DOCUMENTS = List.of("README.md", "docs/threat-model.md");
    private static final Pattern SUBSTITUTION =
            Pattern.compile("\"?\\$\\(\\./tapestry ([^)]*)\\)\"?");
    private static final Pattern CODE_SPAN = Pattern.compile("`(?:\\./)?tapestry ([^`]+)`");
    private static final Pattern WORD = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)");

    @TestFactory
    Stream<DynamicTest> every_command_line_of_a_guide_is_understood() throws IOException {
        return documents().stream()
                .flatMap(GuideTest::commandLines)
                .distinct()
                .map(line -> dynamicTest(line, () -> program().parseArgs(words(line))));
    }

    @TestFactory
    Stream<DynamicTest> every_command_that_is_mentioned_exists() throws IOException {
        return documents().stream()
                .flatMap(text -> CODE_SPAN.matcher(text).results())
                .map(match -> match.group(1))
                .filter(mention -> !mention.startsWith("…"))
                .distinct()
                .map(mention -> dynamicTest(mention, () -> assertMentioned(mention)));
    }

    private static List<String> documents() throws IOException {
        List<String> texts = new ArrayList<>();
        for (String name : DOCUMENTS) {
            texts.add(Files.readString(Program.home().resolve(name)));
        }
        try (Stream<Path> guides = Files.list(Program.home().resolve("docs/guide"))) {
            for (Path guide : guides.filter(p -> p.toString().endsWith(".md")).toList()) {
                texts.add(Files.readString(guide));
            }
        }
        assertThat(texts).hasSizeGreaterThan(4);
        return texts;
    }

    /** Lines of code blocks, and what they run inside of themselves. */
    private static Stream<String> commandLines(String text) {
        return text.lines()
                .map(String::strip)
                .filter(line -> line.startsWith("./tapestry "))
                .flatMap(line -> {
                    Matcher inner = SUBSTITUTION.matcher(line);
                    String outer = inner.replaceAll("tapestry1.token");
                    return Stream.concat(
                            Stream.of(outer.substring("./tapestry ".length())),
                            SUBSTITUTION.matcher(line).results().map(m -> m.group(1)));
                });
    }

    /** The words of a shell's line, without its redirections and remarks. */
    private static String[] words(String line) {
        String command = line.replaceAll("\\s+[<>#].*$", "");
        return WORD.matcher(command)
                .results()
                .map(m -> m.group().replaceAll("^['\"]|['\"]$", ""))
                .toArray(String[]::new);
    }

    private static void assertMentioned(String mention) {
        CommandLine command = program();
        boolean inCommands = true;
        for (String word : words(mention)) {
            if (word.startsWith("--")) {
                assertThat(command.getCommandSpec().optionsMap())
                        .as(mention)
                        .containsKey(word.replaceAll("=.*", ""));
            } else if (inCommands && !command.getSubcommands().isEmpty()) {
                assertThat(command.getSubcommands()).as(mention).containsKey(word);
                command = command.getSubcommands().get(word);
            } else {
                inCommands = false;
            }
        }
    }

    private static CommandLine program() {
        CommandLine program = new CommandLine(new TapestryCommand());
        program.setCaseInsensitiveEnumValuesAllowed(true);
        program.registerConverter(MemberId.class, MemberId::new);
        program.registerConverter(Digest.class, Digest::new);
        return program;
    }
}
