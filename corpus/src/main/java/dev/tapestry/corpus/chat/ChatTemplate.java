package dev.tapestry.corpus.chat;

import dev.tapestry.corpus.ByteLevelTokenizer;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How the turns of a conversation are written out for a model. {@link #jinja} says the same to
 * other programs.
 *
 * <p>Between two markers the header and the content are encoded together, as programs do that
 * encode the rendered text; but for answers, whose header ends where generation begins. What a
 * message says never becomes a marker, whatever it spells.
 */
public enum ChatTemplate {
    /** {@code <|im_start|>user}, a new line, the text, {@code <|im_end|>}, a new line. */
    CHATML("", "<|im_start|>", "", "\n", "<|im_end|>", "\n"),
    /**
     * {@code <|start_header_id|>user<|end_header_id|>}, an empty line, the text, {@code
     * <|eot_id|>}; all after {@code <|begin_of_text|>}. The text stays as it is, where Llama 3's
     * own template strips it.
     */
    LLAMA3(
            ByteLevelTokenizer.BEGIN_OF_TEXT,
            "<|start_header_id|>",
            "<|end_header_id|>",
            "\n\n",
            "<|eot_id|>",
            "");

    private final String begin;
    private final String open;
    private final String afterRole;
    private final String beforeContent;
    private final String endOfTurn;
    private final String afterTurn;

    ChatTemplate(
            String begin,
            String open,
            String afterRole,
            String beforeContent,
            String endOfTurn,
            String afterTurn) {
        this.begin = begin;
        this.open = open;
        this.afterRole = afterRole;
        this.beforeContent = beforeContent;
        this.endOfTurn = endOfTurn;
        this.afterTurn = afterTurn;
    }

    /** The markers, each a special token of the tokenizer. */
    public List<String> specialTokens() {
        return List.of(begin, open, afterRole, endOfTurn).stream()
                .filter(token -> !token.isEmpty())
                .toList();
    }

    /** The markers that a tokenizer lacks. */
    public List<String> missing(ByteLevelTokenizer tokenizer) {
        return specialTokens().stream().filter(token -> tokenizer.id(token).isEmpty()).toList();
    }

    /** The marker that ends a turn: where generation stops. */
    public String endOfTurn() {
        return endOfTurn;
    }

    /**
     * The conversation written out.
     *
     * @param generate whether the header of the assistant's next turn follows
     */
    public String render(Conversation conversation, boolean generate) {
        StringBuilder text = new StringBuilder(begin);
        for (Message message : conversation.messages()) {
            text.append(open).append(message.role().text()).append(afterRole);
            text.append(beforeContent).append(message.content());
            text.append(endOfTurn).append(afterTurn);
        }
        if (generate) {
            text.append(open).append(Role.ASSISTANT.text()).append(afterRole).append(beforeContent);
        }
        return text.toString();
    }

    /** The same as a Jinja template: {@code chat_template} of {@code tokenizer_config.json}. */
    public String jinja() {
        String turn =
                quoted(open)
                        + " + message['role'] + "
                        + quoted(afterRole + beforeContent)
                        + " + message['content'] + "
                        + quoted(endOfTurn + afterTurn);
        return (begin.isEmpty() ? "" : "{{ " + quoted(begin) + " }}")
                + "{% for message in messages %}{{ "
                + turn
                + " }}{% endfor %}{% if add_generation_prompt %}{{ "
                + quoted(open + Role.ASSISTANT.text() + afterRole + beforeContent)
                + " }}{% endif %}";
    }

    private static String quoted(String text) {
        return "'" + text.replace("\n", "\\n") + "'";
    }

    /**
     * The conversation as tokens; answers and the ends of their turns shall be learnt.
     *
     * @throws CorpusException {@code TOKENIZER_UNSUPPORTED} if the tokenizer lacks a marker
     */
    public ChatTokens encode(Conversation conversation, ByteLevelTokenizer tokenizer) {
        List<Message> messages = conversation.messages();
        return encode(messages, i -> messages.get(i).role() == Role.ASSISTANT, tokenizer);
    }

    /** The same where of the answers only the last shall be learnt, as of a preferred one. */
    public ChatTokens encodeLast(Conversation conversation, ByteLevelTokenizer tokenizer) {
        List<Message> messages = conversation.messages();
        return encode(messages, i -> i == messages.size() - 1, tokenizer);
    }

    private ChatTokens encode(
            List<Message> messages,
            java.util.function.IntPredicate taught,
            ByteLevelTokenizer tokenizer) {
        Written written = new Written(tokenizer);
        written.marker(begin);
        for (int i = 0; i < messages.size(); i++) {
            Message message = messages.get(i);
            header(written, message.role());
            if (message.role() == Role.ASSISTANT) {
                written.flush();
                written.text(message.content());
                written.learn(taught.test(i), () -> written.marker(endOfTurn));
            } else {
                written.text(message.content());
                written.marker(endOfTurn);
            }
            written.text(afterTurn);
        }
        return written.tokens();
    }

    /** The tokens of a prompt: the conversation and the header of the assistant's next turn. */
    public int[] encodePrompt(Conversation conversation, ByteLevelTokenizer tokenizer) {
        Written written = new Written(tokenizer);
        written.marker(begin);
        for (Message message : conversation.messages()) {
            header(written, message.role());
            written.text(message.content());
            written.marker(endOfTurn);
            written.text(afterTurn);
        }
        header(written, Role.ASSISTANT);
        return written.tokens().ids();
    }

    private void header(Written written, Role role) {
        written.marker(open);
        written.text(role.text());
        written.marker(afterRole);
        written.text(beforeContent);
    }

    /** Ids so far, and text that is not encoded yet since more of its kind may follow. */
    private static final class Written {
        private final ByteLevelTokenizer tokenizer;
        private final List<int[]> ids = new ArrayList<>();
        private final StringBuilder pending = new StringBuilder();
        private final BitSet learnt = new BitSet();
        private int length;

        Written(ByteLevelTokenizer tokenizer) {
            this.tokenizer = tokenizer;
        }

        void text(String text) {
            pending.append(text);
        }

        void marker(String token) {
            if (token.isEmpty()) {
                return;
            }
            flush();
            int id =
                    tokenizer
                            .id(token)
                            .orElseThrow(() ->
                                    new CorpusException(
                                            Code.TOKENIZER_UNSUPPORTED,
                                            "the tokenizer lacks the chat template's token %s: add it to the model first"
                                                    .formatted(token)));
            add(id);
        }

        /** Marks what is pending and what {@code more} writes. */
        void learn(boolean taught, Runnable more) {
            int from = length;
            more.run();
            if (taught) {
                learnt.set(from, length);
            }
        }

        void flush() {
            if (!pending.isEmpty()) {
                add(tokenizer.encode(pending.toString()));
                pending.setLength(0);
            }
        }

        private void add(int... more) {
            ids.add(more);
            length += more.length;
        }

        ChatTokens tokens() {
            flush();
            return new ChatTokens(
                    ids.stream().flatMapToInt(IntStream::of).toArray(), (BitSet) learnt.clone());
        }
    }
}
