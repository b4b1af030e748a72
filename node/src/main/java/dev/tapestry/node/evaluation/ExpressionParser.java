package dev.tapestry.node.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.node.BooleanNode;
import tools.jackson.databind.node.IntNode;
import tools.jackson.databind.node.StringNode;

/**
 * Reads an expression:
 *
 * <pre>
 * sum      = filtered { ("+" | "~") filtered }
 * filtered = postfix { "|" name [ arguments ] }
 * postfix  = primary { "." name [ arguments ] | "[" sum "]" }
 * primary  = string | number | name | "[" [ sum { "," sum } ] "]" | "(" sum ")"
 * </pre>
 */
final class ExpressionParser {

    private static final Pattern TOKEN =
            Pattern.compile(
                    "\\s*(?:(?<name>[\\p{L}_][\\p{L}\\p{N}_]*)|(?<number>-?[0-9]{1,9})"
                            + "|'(?<single>(?:[^'\\\\]|\\\\.)*+)'|\"(?<twice>(?:[^\"\\\\]|\\\\.)*+)\""
                            + "|(?<sign>[\\[\\](),.|+~]))");
    private static final int MAX_DEPTH = 32;

    /** A chain is as deep as it is long. */
    private static final int MAX_TOKENS = 500;

    /** A word of it. */
    private record Token(Kind kind, String text) {
        boolean is(String sign) {
            return kind == Kind.SIGN && text.equals(sign);
        }
    }

    private enum Kind {
        NAME,
        NUMBER,
        STRING,
        SIGN
    }

    private final String source;
    private final List<Token> tokens;
    private int at;
    private int depth;

    private ExpressionParser(String source, List<Token> tokens) {
        this.source = source;
        this.tokens = tokens;
    }

    static Expression parse(String source) {
        ExpressionParser parser = new ExpressionParser(source, tokens(source));
        Expression expression = parser.sum();
        if (parser.at < parser.tokens.size()) {
            throw parser.refused();
        }
        return expression;
    }

    private static List<Token> tokens(String source) {
        List<Token> tokens = new ArrayList<>();
        String text = source.strip();
        Matcher matcher = TOKEN.matcher(text);
        int from = 0;
        while (from < text.length()) {
            matcher.region(from, text.length());
            if (!matcher.lookingAt() || tokens.size() == MAX_TOKENS) {
                throw notSupported(source);
            }
            tokens.add(token(matcher));
            from = matcher.end();
        }
        return tokens;
    }

    private static Token token(Matcher matcher) {
        if (matcher.group("name") != null) {
            return new Token(Kind.NAME, matcher.group("name"));
        } else if (matcher.group("number") != null) {
            return new Token(Kind.NUMBER, matcher.group("number"));
        } else if (matcher.group("single") != null) {
            return new Token(Kind.STRING, unescaped(matcher.group("single")));
        } else if (matcher.group("twice") != null) {
            return new Token(Kind.STRING, unescaped(matcher.group("twice")));
        }
        return new Token(Kind.SIGN, matcher.group("sign"));
    }

    private static String unescaped(String text) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && i + 1 < text.length()) {
                char next = text.charAt(++i);
                out.append(
                        switch (next) {
                            case 'n' -> '\n';
                            case 't' -> '\t';
                            default -> next;
                        });
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    private Expression sum() {
        if (++depth > MAX_DEPTH) {
            throw refused();
        }
        Expression left = filtered();
        while (peek("+") || peek("~")) {
            boolean plus = next().is("+");
            Expression right = filtered();
            left = plus ? new Expression.Sum(left, right) : new Expression.Joined(left, right);
        }
        depth--;
        return left;
    }

    private Expression filtered() {
        Expression of = postfix();
        while (take("|")) {
            of = new Expression.Call(of, name(), peek("(") ? arguments() : List.of());
        }
        return of;
    }

    private Expression postfix() {
        Expression of = primary();
        while (true) {
            if (take(".")) {
                String name = name();
                of =
                        peek("(")
                                ? new Expression.Call(of, name, arguments())
                                : new Expression.Member(of, name);
            } else if (take("[")) {
                of = new Expression.Element(of, sum());
                require("]");
            } else {
                return of;
            }
        }
    }

    private Expression primary() {
        if (take("[")) {
            return new Expression.Items(until("]"));
        }
        if (take("(")) {
            Expression inner = sum();
            require(")");
            return inner;
        }
        Token token = next();
        return switch (token.kind()) {
            case STRING -> new Expression.Constant(StringNode.valueOf(token.text()));
            case NUMBER -> new Expression.Constant(IntNode.valueOf(Integer.parseInt(token.text())));
            case NAME -> named(token.text());
            case SIGN -> throw refused();
        };
    }

    private static Expression named(String name) {
        return switch (name) {
            case "true", "True" -> new Expression.Constant(BooleanNode.TRUE);
            case "false", "False" -> new Expression.Constant(BooleanNode.FALSE);
            default -> new Expression.Field(name);
        };
    }

    private List<Expression> arguments() {
        require("(");
        return until(")");
    }

    private List<Expression> until(String close) {
        List<Expression> all = new ArrayList<>();
        while (!take(close)) {
            if (!all.isEmpty()) {
                require(",");
            }
            all.add(sum());
        }
        return all;
    }

    private String name() {
        Token token = next();
        if (token.kind() != Kind.NAME) {
            throw refused();
        }
        return token.text();
    }

    private Token next() {
        if (at >= tokens.size()) {
            throw refused();
        }
        return tokens.get(at++);
    }

    private boolean peek(String sign) {
        return at < tokens.size() && tokens.get(at).is(sign);
    }

    private boolean take(String sign) {
        if (peek(sign)) {
            at++;
            return true;
        }
        return false;
    }

    private void require(String sign) {
        if (!take(sign)) {
            throw refused();
        }
    }

    private IllegalArgumentException refused() {
        return notSupported(source);
    }

    private static IllegalArgumentException notSupported(String source) {
        return new IllegalArgumentException(
                "{{%s}} is not supported; a template takes fields, .member, [index], lists, +, ~, and strip, lower, upper, replace, index, join, length"
                        .formatted(source));
    }
}
