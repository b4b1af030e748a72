package dev.tapestry.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import com.hubspot.jinjava.Jinjava;
import dev.tapestry.corpus.chat.ChatTemplate;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.chat.Message;
import dev.tapestry.corpus.chat.Role;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The chat template that other programs read, by an engine that knows nothing of ours. */
class JinjaTest {

    private static final Conversation TALK =
            new Conversation(
                    List.of(
                            new Message(Role.SYSTEM, "Answer in one sentence.\nBe kind."),
                            new Message(Role.USER, "What does 'lot' mean?"),
                            new Message(Role.ASSISTANT, "A part of a contract; äöü ἀρχή 😀."),
                            new Message(Role.USER, " And  two of them?\n")));

    @ParameterizedTest
    @EnumSource
    void it_renders_what_we_render(ChatTemplate template) {
        List<Map<String, String>> messages =
                TALK.messages().stream()
                        .map(m -> Map.of("role", m.role().text(), "content", m.content()))
                        .toList();
        for (boolean generate : new boolean[] {false, true}) {
            Map<String, Object> context =
                    Map.of("messages", messages, "add_generation_prompt", generate);
            assertThat(new Jinjava().render(template.jinja(), context))
                    .isEqualTo(template.render(TALK, generate));
        }
    }
}
