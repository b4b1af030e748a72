package dev.tapestry.node.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/**
 * A text with expressions in it, {@code {{field}}}: the part of Jinja that task files of
 * multiple-choice questions use. Statements and comments are refused, and so is every name that the
 * item does not have: a prompt that lacks something without a word would be another question.
 *
 * @param pieces texts and expressions, in order
 */
record Template(List<Piece> pieces) {

    private static final String OPEN = "{{";
    private static final String CLOSE = "}}";

    /** A part of it. */
    sealed interface Piece {
        /** Text that stays as it is. */
        record Literal(String text) implements Piece {}

        /** What a value is put in for. */
        record Value(Expression expression) implements Piece {}
    }

    Template {
        pieces = List.copyOf(pieces);
    }

    /**
     * Reads a template.
     *
     * @throws IllegalArgumentException with the part that is not understood
     */
    static Template parse(String text) {
        for (String statement : List.of("{%", "{#")) {
            if (text.contains(statement)) {
                throw new IllegalArgumentException(
                        "'%s' is not supported in a template, only {{expressions}}; write the items out as they shall be asked"
                                .formatted(statement));
            }
        }
        List<Piece> pieces = new ArrayList<>();
        int from = 0;
        while (from < text.length()) {
            int open = text.indexOf(OPEN, from);
            if (open < 0) {
                break;
            }
            int close = text.indexOf(CLOSE, open);
            if (close < 0) {
                throw new IllegalArgumentException(
                        "'{{' is not closed in the template: " + text.substring(open));
            }
            if (open > from) {
                pieces.add(new Piece.Literal(text.substring(from, open)));
            }
            pieces.add(
                    new Piece.Value(
                            ExpressionParser.parse(text.substring(open + OPEN.length(), close))));
            from = close + CLOSE.length();
        }
        if (from < text.length()) {
            pieces.add(new Piece.Literal(text.substring(from)));
        }
        return new Template(pieces);
    }

    /**
     * The text for an item.
     *
     * @throws IllegalArgumentException if it lacks a field, or a value is no text
     */
    String text(ObjectNode item) {
        StringBuilder text = new StringBuilder();
        for (Piece piece : pieces) {
            switch (piece) {
                case Piece.Literal(String literal) -> text.append(literal);
                case Piece.Value(Expression expression) ->
                        text.append(Expression.text(expression.value(item)));
            }
        }
        return text.toString();
    }

    /** The value for an item: of the expression if there is nothing else, otherwise the text. */
    JsonNode value(ObjectNode item) {
        return whole().map(expression -> expression.value(item))
                .orElseGet(() -> StringNode.valueOf(text(item)));
    }

    private Optional<Expression> whole() {
        return pieces.size() == 1 && pieces.getFirst() instanceof Piece.Value(Expression only)
                ? Optional.of(only)
                : Optional.empty();
    }
}
