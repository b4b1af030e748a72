package dev.tapestry.node.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Suites that are wrong, before a model is asked anything. */
class SuiteTest {

    private static final String CHOICE =
            "{\"question\":\"Which?\",\"choices\":[\"a\",\"b\"],\"answer\":0}\n";
    private static final String TASK = "- {type: multiple-choice, name: t, items: items.jsonl}";

    @TempDir Path directory;

    private void refused(String words, String tasks) throws IOException {
        Path suite = new Lab(directory).suite(tasks);
        Lab.refused(words, () -> Suite.open(suite));
    }

    private void refusedItems(String words, String items) throws IOException {
        new Lab(directory).file("suite/items.jsonl", items);
        refused(words, TASK);
    }

    @Test
    void keys_and_tasks_that_nobody_knows_are_named() throws IOException {
        new Lab(directory).file("suite/items.jsonl", CHOICE);
        refused("unknown key 'tasks[0].itemz'", "- {type: multiple-choice, name: t, itemz: x}");
        refused("one of [bits-per-byte,", "- {type: guess, name: t}");
        refused("two tasks have the name 't'", TASK + "\n" + TASK);
        refused("1 to 64 letters", TASK.replace("name: t", "name: ../t"));
        refused("is missing", "- {type: multiple-choice, name: t}");
        Lab.refused("there is no suite", () -> Suite.open(directory.resolve("none")));
        Path file = new Lab(directory).file("suite/suite.yaml", "name: x\nlicence: y\ntasks: []\n");
        Lab.refused("at least one task", () -> Suite.open(file.resolveSibling(".")));
        Files.delete(file);
        Lab.refused("there is no file 'suite.yaml'", () -> Suite.open(file.resolveSibling(".")));
    }

    @Test
    void paths_and_links_that_lead_out_of_a_suite_are_refused() throws IOException {
        Lab lab = new Lab(directory);
        lab.file("secret.jsonl", CHOICE);
        refused(
                "no file '../secret.jsonl'",
                "- {type: multiple-choice, name: t, items: ../secret.jsonl}");
        Path absolute = directory.resolve("secret.jsonl").toAbsolutePath();
        refused(
                "no file '" + absolute,
                "- {type: multiple-choice, name: t, items: '%s'}".formatted(absolute));
        Path suite = lab.suite(TASK);
        Files.createSymbolicLink(suite.resolve("items.jsonl"), absolute);
        Lab.refused("is a link", () -> Suite.open(suite));
    }

    @Test
    void items_that_cannot_be_asked_are_named_by_their_line() throws IOException {
        refusedItems("it is empty", "\n\n");
        refusedItems("line 2", CHOICE + "{\"question\":\n");
        refusedItems("unknown member \"x\"", CHOICE.replace("\"answer\"", "\"x\":1,\"answer\""));
        refusedItems("the right answer is one of", CHOICE.replace(":0}", ":2}"));
        refusedItems("at least two choices", CHOICE.replace("[\"a\",\"b\"]", "[\"a\"]"));
        refusedItems("none empty", CHOICE.replace("\"b\"", "\"\""));
        Files.write(directory.resolve("suite/items.jsonl"), new byte[] {(byte) 0xff, 'a'});
        refused("is not UTF-8", TASK);
    }

    @Test
    void each_kind_of_task_says_what_is_wrong_with_its_own() throws IOException {
        Lab lab = new Lab(directory);
        lab.file("suite/items.jsonl", "{\"prompt\":\"Hi\",\"expect\":\"REFUSE\"}\n");
        refused(
                "every answer has it",
                "- {type: safety, name: t, items: items.jsonl, phrases: {en: ['']}}");
        refused("phrases", "- {type: safety, name: t, items: items.jsonl, phrases: {}}");
        lab.file(
                "suite/items.jsonl",
                "{\"prompt\":\"Hi\",\"expect\":\"REFUSE\",\"language\":\"fi\"}\n");
        refused(
                "no phrases of the language 'fi'",
                "- {type: safety, name: t, items: items.jsonl, phrases: {en: [No]}}");
        lab.file("suite/items.jsonl", "{\"prompt\":\"Hi\",\"checks\":[]}\n");
        refused("has checks", "- {type: instructions, name: t, items: items.jsonl}");
        lab.file(
                "suite/items.jsonl",
                "{\"prompt\":\"Hi\",\"checks\":[{\"type\":\"language\",\"tag\":\"xx\"}]}\n");
        refused("cannot be told", "- {type: instructions, name: t, items: items.jsonl}");
        refused("canaries or verbatim", "- {type: memorisation, name: t}");
        refused(
                "'k7' is not of the alphabet '0123456789'",
                "- {type: memorisation, name: t, canaries: {format: 'It is {}', secrets: [k7]}}");
        refused(
                "{} stands once",
                "- {type: memorisation, name: t, canaries: {format: no, secrets: ['1']}}");
        refused("name at least one", "- {type: bits-per-byte, name: t, domains: {}}");
        lab.file("suite/empty.txt", "  \n");
        refused(
                "nothing to score",
                "- {type: bits-per-byte, name: t, domains: {law: [empty.txt]}}");
    }

    @Test
    void the_digest_is_over_all_files_and_their_names() throws IOException {
        Lab lab = new Lab(directory);
        lab.file("suite/items.jsonl", CHOICE);
        Path suite = lab.suite(TASK);
        var digest = Suite.open(suite).digest();
        assertThat(Suite.open(suite).digest()).isEqualTo(digest);
        lab.file("suite/notes.txt", "what nobody asks");
        assertThat(Suite.open(suite).digest()).isNotEqualTo(digest);
    }
}
