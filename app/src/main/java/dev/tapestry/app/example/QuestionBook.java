package dev.tapestry.app.example;

import dev.tapestry.app.text.QuestionAnswer;
import dev.tapestry.consortium.Digest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Questions with their answers, cut in two: from most of them a model learns, and the rest examines
 * it. What is drawn is drawn by digests, so that it is the same on every machine.
 */
final class QuestionBook {

    /** One group in so many examines. */
    private static final int EXAMINED_IN = 8;

    /** Wrong answers beside the right one. */
    private static final int WRONG = 3;

    private final List<QuestionAnswer> questions;
    private final Map<String, List<QuestionAnswer>> topics;

    /** Of a question that is asked twice the first counts: it shall not both teach and examine. */
    QuestionBook(List<QuestionAnswer> questions) {
        Map<String, QuestionAnswer> once = new LinkedHashMap<>();
        questions.forEach(one -> once.putIfAbsent(one.question(), one));
        this.questions = List.copyOf(once.values());
        this.topics = this.questions.stream().collect(Collectors.groupingBy(QuestionAnswer::topic));
    }

    /**
     * A question with several answers, of which one is right.
     *
     * @param right its index
     */
    record Choice(String question, List<String> answers, int right) {}

    /** What a model learns from. */
    List<QuestionAnswer> lessons() {
        return questions.stream().filter(one -> !examines(one)).toList();
    }

    /** Lessons, each with a wrong answer from the same topic. */
    List<Map.Entry<QuestionAnswer, String>> comparisons() {
        List<Map.Entry<QuestionAnswer, String>> found = new ArrayList<>();
        for (QuestionAnswer one : lessons()) {
            wrong(one).stream().findFirst().ifPresent(other -> found.add(Map.entry(one, other)));
        }
        return found;
    }

    /** What examines it: four answers each, the right one at any place. */
    List<Choice> examination() {
        List<Choice> found = new ArrayList<>();
        for (QuestionAnswer one : questions) {
            List<String> wrong = wrong(one);
            if (examines(one) && wrong.size() >= WRONG) {
                List<String> answers = new ArrayList<>(wrong.subList(0, WRONG));
                int right = number(one.question()) % (WRONG + 1);
                answers.add(right, one.answer());
                found.add(new Choice(one.question(), List.copyOf(answers), right));
            }
        }
        return found;
    }

    private static boolean examines(QuestionAnswer one) {
        return number(one.group()) % EXAMINED_IN == 0;
    }

    /** Answers to other questions of the topic, in an order of their own for each question. */
    private List<String> wrong(QuestionAnswer one) {
        return topics.getOrDefault(one.topic(), List.of()).stream()
                .map(QuestionAnswer::answer)
                .filter(answer -> !answer.equals(one.answer()))
                .distinct()
                .sorted(
                        Comparator.comparing(
                                answer -> digest(one.question() + '\n' + answer).hex()))
                .toList();
    }

    private static int number(String text) {
        return Byte.toUnsignedInt(digest(text).bytes()[0]);
    }

    private static Digest digest(String text) {
        return Digest.of(text.getBytes(StandardCharsets.UTF_8));
    }
}
