package dev.tapestry.node.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The part of Jinja that task files use. */
class TemplateTest {

    private static final ObjectNode ITEM =
            (ObjectNode)
                    JsonMapper.builder()
                            .build()
                            .readTree(
                                    """
                                    {"q": " Is it so ", "n": 3, "yes": true, "list": ["a", "b", "c"], "deep": {"text": ["x"]}}
                                    """);

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`[{{ q.strip() }}]`|`[Is it so]`",
                "`{{q|trim|upper}}`|`IS IT SO`",
                "`{{ list[1] }}{{list[-1]}}`|`bc`",
                "`{{ deep.text[0] + '!' }}`|`x!`",
                "`{{deep['text'][0] ~ n}}`|`x3`",
                "`{{ n + 1 }} {{yes}}`|`4 True`",
                "`{{ list.index('c') }} {{ list|length }}`|`2 3`",
                "`{{ ['u', \"v\"] | join(', ') }}`|`u, v`",
                "`{{ (list + ['d'])[3] }}`|`d`",
                "`{{ q.replace('so', 'not').lstrip() }}|`|`Is it not |`",
                "`no braces } {`|`no braces } {`",
            })
    void expressions_have_the_values_of_jinja(String template, String text) {
        assertThat(Template.parse(template).text(ITEM)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ q if n else 'x' }}",
                "{{ q",
                "{{ }}",
                "{{ q..strip() }}",
                "{{ list[ }}",
                "{{ n * 2 }}",
                "{{ none }}",
                "{{ q.none }}",
                "{{ list[3] }}",
                "{{ list }} in a text",
                "{{ q.__class__ }}",
                "{{ n.strip() }}",
                "{# a comment #}",
                "{{ list.index('z') }}"
            })
    void whatever_else_is_refused_and_never_left_empty(String template) {
        assertThatThrownBy(() -> Template.parse(template).text(ITEM))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void deep_nesting_is_refused() {
        assertThatThrownBy(() -> Template.parse("{{" + "(".repeat(10_000) + "}}"))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Template.parse("{{q" + ".a".repeat(10_000) + "}}"))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
