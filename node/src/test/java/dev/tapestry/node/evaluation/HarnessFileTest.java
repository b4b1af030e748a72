package dev.tapestry.node.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Task files as lm-evaluation-harness reads them. */
class HarnessFileTest {

    private static final String TASK =
            """
            tag: council
            task: council_terms
            dataset_path: json
            dataset_name: null
            dataset_kwargs:
              data_files:
                test: data/terms.jsonl
            output_type: multiple_choice
            test_split: test
            doc_to_text: "Term: {{term.strip()}}\\nMeaning:"
            doc_to_target: "{{choices.label.index(key)}}"
            doc_to_choice: "{{choices.text}}"
            num_fewshot: 0
            metric_list:
              - metric: acc
                aggregation: mean
                higher_is_better: true
              - metric: acc_norm
                aggregation: mean
                higher_is_better: true
            metadata:
              version: 1.0
            """;
    private static final String TERMS =
            """
            {"term": " quorum ", "choices": {"label": ["A", "B"], "text": ["a fee", "the least number"]}, "key": "B"}
            {"term": "levy", "choices": {"label": ["A", "B"], "text": ["a tax", "a vote"]}, "key": "A"}
            """;

    @TempDir Path directory;

    private List<ChoiceSheet.Question> read(String task) throws IOException {
        Lab lab = new Lab(directory);
        lab.file("suite/terms.yaml", task);
        lab.file("suite/data/terms.jsonl", TERMS);
        return HarnessFile.read("terms.yaml", SuiteFiles.of(directory.resolve("suite")));
    }

    @Test
    void a_task_file_of_the_harness_is_run_as_it_is() throws IOException {
        assertThat(read(TASK))
                .containsExactly(
                        new ChoiceSheet.Question(
                                "Term: quorum\nMeaning:",
                                " ",
                                List.of("a fee", "the least number"),
                                List.of(1)),
                        new ChoiceSheet.Question(
                                "Term: levy\nMeaning:",
                                " ",
                                List.of("a tax", "a vote"),
                                List.of(0)));
        Lab lab = new Lab(directory);
        Path suite = lab.suite("- {type: harness, name: terms, task: terms.yaml}");
        EvaluationResult result = lab.measured(lab.model(1), suite);
        assertThat(result.metric("terms", "acc").orElseThrow().count()).isEqualTo(2);
        assertThat(result.suites().getFirst().tasks().getFirst().kind()).isEqualTo("harness");
    }

    @Test
    void fields_lists_numbers_descriptions_and_delimiters_mean_what_they_mean_there()
            throws IOException {
        List<ChoiceSheet.Question> questions =
                read(
                        TASK.replace("\"Term: {{term.strip()}}\\nMeaning:\"", "term")
                                .replace("\"{{choices.text}}\"", "[\"{{no}}\", \"b\"]")
                                .replace("\"{{choices.label.index(key)}}\"", "1")
                                .replace(
                                        "num_fewshot: 0",
                                        "description: 'Terms. '\ntarget_delimiter: ''"));
        assertThat(questions.getFirst())
                .isEqualTo(
                        new ChoiceSheet.Question(
                                "Terms.  quorum ", "", List.of("{{no}}", "b"), List.of(1)));
    }

    @Test
    void what_would_be_another_question_is_refused_by_its_name() throws IOException {
        refused("num_fewshot is 5", "num_fewshot: 0", "num_fewshot: 5");
        refused("output_type is 'generate_until'", "multiple_choice", "generate_until");
        refused("dataset_path is 'hub/name'", "dataset_path: json", "dataset_path: hub/name");
        refused("asks for code", "task: council_terms", "process_docs: !function utils.x");
        refused("the key 'include' is not supported", "task: council_terms", "include: other.yaml");
        refused("the metric 'f1' is not supported", "metric: acc_norm", "metric: f1");
        refused("no file 'data/none.jsonl'", "data/terms.jsonl", "data/none.jsonl");
        refused("no file '../../secret'", "data/terms.jsonl", "../../secret");
        refused("it has no field 'tern'", "term.strip()", "tern.strip()");
        refused("'{%' is not supported", "{{term.strip()}}", "{% if term %}x{% endif %}");
        refused("'format' with 0 arguments is not supported", "term.strip()", "term.format()");
        refused("item 1: doc_to_target is", "\"{{choices.label.index(key)}}\"", "key");
        refused("no file of the split 'dev'", "test_split: test", "test_split: dev");
    }

    private void refused(String words, String from, String to) {
        assertThat(TASK).contains(from);
        Lab.refused(words, () -> read(TASK.replace(from, to)));
    }
}
