package dev.tapestry.app.example;

import dev.tapestry.app.text.QuestionAnswer;
import java.util.List;
import java.util.Map;

/** Questions as lines of the files that stages and evaluations read. */
final class Lines {

    private Lines() {}

    /** A line of instruction tuning. */
    record Chat(String prompt, String completion) {}

    /** A line of alignment. */
    record Pair(String prompt, String chosen, String rejected) {}

    static List<Chat> chats(QuestionBook book) {
        return book.lessons().stream().map(one -> new Chat(one.question(), one.answer())).toList();
    }

    static List<Pair> pairs(QuestionBook book) {
        return book.comparisons().stream().map(Lines::pair).toList();
    }

    private static Pair pair(Map.Entry<QuestionAnswer, String> one) {
        return new Pair(one.getKey().question(), one.getKey().answer(), one.getValue());
    }
}
