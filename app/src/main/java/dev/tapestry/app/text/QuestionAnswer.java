package dev.tapestry.app.text;

/**
 * A question with its right answer.
 *
 * @param group questions of one group are held out together
 * @param topic answers to other questions of the topic are wrong answers that look likely
 * @param question as somebody asks it
 * @param answer right
 */
public record QuestionAnswer(String group, String topic, String question, String answer) {}
