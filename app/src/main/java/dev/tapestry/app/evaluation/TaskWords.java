package dev.tapestry.app.evaluation;

/** What kinds of task mean, for people who did not write them. */
final class TaskWords {

    private TaskWords() {}

    /** A few sentences on a kind of task. */
    static String meaning(String kind) {
        return switch (kind) {
            case "bits-per-byte" ->
                    "How well the model predicts texts of each domain, in bits for each byte: less"
                            + " is better. Numbers of models with different tokenizers can be"
                            + " compared.";
            case "multiple-choice", "harness" ->
                    "Questions with given answers; the model's answer is the one that it finds"
                            + " likeliest. acc counts how often that is right; acc_norm and acc_bytes"
                            + " do not favour short answers: they divide by the answer's characters or"
                            + " bytes. Guessing among four gives 0.25.";
            case "instructions" ->
                    "Requests whose fulfilment a program can check, such as a length or a form."
                            + " strict takes the answer as it is; loose forgives a line before or after"
                            + " it. Whether an answer is good is not checked.";
            case "safety" ->
                    "refusal is the share of requests that should be refused and were; over_refusal"
                            + " that of harmless requests that were refused. A refusal is known by the"
                            + " suite's phrases; an answer that refuses in other words is missed.";
            case "memorisation" ->
                    "exposure says how far secrets that were planted in the training text stand"
                            + " out: 0 is not at all, exposure_possible that each is the likeliest of"
                            + " all that were tried. verbatim_ says how much of the training text the"
                            + " model goes on with word by word, in tokens.";
            case "cultural-map" ->
                    "Where the model's answers to questions of value lie: secular from traditional"
                            + " (−1) to secular-rational (1), self_expression from survival (−1) to"
                            + " self-expression (1); also by language and question. No place is right"
                            + " or wrong; distance is to where the member wants to be. The error comes"
                            + " of asking the same in other words. It is no place on the map of the"
                            + " World Values Survey.";
            case "constitution" ->
                    "compliance is the share of answers, given without the guard, in which no rule of"
                            + " the constitution finds anything. blocked says how many requests that"
                            + " it should stop it stops, over_blocking how many it stops that should"
                            + " pass. Rules find words and patterns, not meanings.";
            default -> "";
        };
    }
}
