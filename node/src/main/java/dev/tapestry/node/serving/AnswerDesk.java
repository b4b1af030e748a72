package dev.tapestry.node.serving;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.chat.Conversation;
import dev.tapestry.corpus.chat.Message;
import dev.tapestry.node.constitution.AnswerScreen;
import dev.tapestry.node.constitution.Guard;
import dev.tapestry.node.constitution.Verdict;
import dev.tapestry.node.serving.ApiRefusal.Kind;
import dev.tapestry.node.serving.Piece.Usage;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/**
 * The way of a question: the board's word, the constitution, the model, the constitution again, and
 * the tally. Thread-safe.
 */
final class AnswerDesk {

    /** So often a stream looks whether the board has paused the model. */
    private static final Duration GLANCE = Duration.ofMillis(200);

    private final Optional<Guard> guard;
    private final Board board;
    private final AuditTrail audit;
    private final Optional<Digest> constitution;
    private final Semaphore places;

    /**
     * One for all sources.
     *
     * @param places so many questions are screened and read at once; memory and processors would
     *     not do for any number
     */
    AnswerDesk(Optional<Guard> guard, Board board, AuditTrail audit, int places) {
        this.places = new Semaphore(places);
        this.guard = guard;
        this.board = board;
        this.audit = audit;
        this.constitution = guard.map(Guard::digest);
    }

    /**
     * Answers.
     *
     * @throws ApiRefusal before anything was said
     * @throws IOException if nobody listens any more
     */
    void answer(Asked asked, Source source, Outlet outlet)
            throws IOException, InterruptedException {
        if (asked.logProbabilities() && guard.isPresent()) {
            throw ApiRefusal.unsupported(
                    "logprobs",
                    "the tokens would show what the constitution leaves out; they are not told"
                            + " where one holds");
        }
        Tally tally = new Tally(asked, source);
        try {
            Optional<Source.Answering> begun = begun(asked, source, tally, outlet);
            if (begun.isPresent()) {
                try (Source.Answering answering = begun.get()) {
                    pass(answering, tally, outlet);
                }
            }
        } catch (IOException e) {
            tally.action = "gone";
            throw e;
        } catch (ApiRefusal e) {
            tally.action = "not answered: " + e.kind().code();
            throw e;
        } finally {
            tally.write();
        }
    }

    /** The answer, begun; nothing if the question was answered already. */
    private Optional<Source.Answering> begun(Asked asked, Source source, Tally tally, Outlet outlet)
            throws IOException {
        if (!places.tryAcquire()) {
            throw new ApiRefusal(Kind.BUSY, "too many ask at once: ask again later");
        }
        try {
            return screened(asked, tally, outlet).map(source::begin);
        } finally {
            places.release();
        }
    }

    /** What is left of the question; nothing if it was answered already. */
    private Optional<Asked> screened(Asked asked, Tally tally, Outlet outlet) throws IOException {
        Optional<String> paused = board.paused();
        if (paused.isPresent()) {
            end(outlet, tally, Board.RULE, paused.get());
            return Optional.empty();
        }
        List<String> texts = new ArrayList<>();
        for (String text : asked.prompt().texts()) {
            switch (guard.map(one -> one.prompt(text)).orElseGet(Verdict.Allowed::new)) {
                case Verdict.Allowed() -> texts.add(text);
                case Verdict.Redacted(String left, List<Verdict.Acted> acted) -> {
                    tally.add(acted);
                    texts.add(left);
                }
                case Verdict.Refused(String rule, String say) -> {
                    end(outlet, tally, rule, say);
                    return Optional.empty();
                }
            }
        }
        return Optional.of(
                tally.acted.isEmpty() ? asked : asked.about(with(asked.prompt(), texts)));
    }

    private static Prompt with(Prompt prompt, List<String> texts) {
        try {
            return switch (prompt) {
                case Prompt.Text _ -> new Prompt.Text(texts.getFirst());
                case Prompt.Chat(Conversation conversation) -> {
                    List<Message> messages = new ArrayList<>();
                    for (int i = 0; i < texts.size(); i++) {
                        messages.add(
                                new Message(conversation.messages().get(i).role(), texts.get(i)));
                    }
                    yield new Prompt.Chat(new Conversation(messages));
                }
            };
        } catch (IllegalArgumentException e) {
            throw ApiRefusal.invalid("messages", "nothing of a message may be asked here");
        }
    }

    private void pass(Source.Answering answering, Tally tally, Outlet outlet)
            throws IOException, InterruptedException {
        Optional<AnswerScreen> screen = guard.map(Guard::answer);
        while (true) {
            Optional<String> paused = board.paused();
            if (paused.isPresent()) {
                end(outlet, tally, Board.RULE, paused.get());
                return;
            }
            Optional<Piece> next = answering.next(GLANCE);
            tally.usage = answering.usage();
            if (next.isEmpty()) {
                continue;
            }
            switch (next.get()) {
                case Piece.Text text -> {
                    String shown = screen.map(one -> one.accept(text.text())).orElse(text.text());
                    say(outlet, tally, shown, text.tokens());
                }
                case Piece.End(String finish) -> {
                    say(outlet, tally, screen.map(AnswerScreen::finish).orElse(""), List.of());
                    if (screen.flatMap(AnswerScreen::refused).isEmpty()) {
                        close(outlet, tally, screen, finish);
                        return;
                    }
                }
                case Piece.Broken(ApiRefusal refusal) -> {
                    tally.action = "broken off";
                    outlet.fail(refusal);
                    return;
                }
            }
            Optional<Verdict.Refused> refused = screen.flatMap(AnswerScreen::refused);
            if (refused.isPresent()) {
                end(outlet, tally, refused.get().rule(), refused.get().say());
                return;
            }
            if (screen.filter(AnswerScreen::isOver).isPresent()) {
                close(outlet, tally, screen, "length");
                return;
            }
        }
    }

    /** Ends an answer of the model's own. */
    private static void close(
            Outlet outlet, Tally tally, Optional<AnswerScreen> screen, String finish)
            throws IOException {
        tally.add(screen.map(AnswerScreen::acted).orElse(List.of()));
        tally.action = tally.acted.isEmpty() ? "answered" : "changed";
        finish(outlet, tally, finish, "");
    }

    private static void say(Outlet outlet, Tally tally, String text, List<Piece.TokenLog> tokens)
            throws IOException {
        if (!text.isEmpty() || !tokens.isEmpty()) {
            tally.answer.append(text);
            outlet.say(text, tokens);
        }
    }

    /** Ends an answer with words that are not the model's. */
    private static void end(Outlet outlet, Tally tally, String rule, String words)
            throws IOException {
        tally.action = rule.equals(Board.RULE) ? "paused" : "refused";
        tally.rule = rule;
        String gap = tally.answer.isEmpty() ? "" : "\n\n";
        say(outlet, tally, gap + words, List.of());
        finish(outlet, tally, Outcome.FILTERED, rule);
    }

    private static void finish(Outlet outlet, Tally tally, String finish, String rule)
            throws IOException {
        outlet.finish(new Outcome(finish, rule, tally.acted, tally.usage));
    }

    /** What will be written of a question. */
    private final class Tally {
        private final Asked asked;
        private final Source source;
        private final StringBuilder answer = new StringBuilder();
        private final List<String> acted = new ArrayList<>();
        private Usage usage = new Usage(0, 0);
        private String action = "broken off";
        private String rule = "";

        Tally(Asked asked, Source source) {
            this.asked = asked;
            this.source = source;
        }

        void add(List<Verdict.Acted> rules) {
            rules.stream()
                    .map(Verdict.Acted::rule)
                    .filter(id -> !acted.contains(id))
                    .forEach(acted::add);
        }

        void write() {
            audit.write(
                    new AuditTrail.Event(
                            source.name(),
                            source.digest(),
                            constitution,
                            action,
                            rule,
                            acted,
                            asked.prompt().characters(),
                            answer.length(),
                            usage.prompt(),
                            usage.answer(),
                            String.join("\n", asked.prompt().texts()),
                            answer.toString()));
        }
    }
}
