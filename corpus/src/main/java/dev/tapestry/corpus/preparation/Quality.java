package dev.tapestry.corpus.preparation;

import org.jspecify.annotations.Nullable;

/** Drops what is broken, no prose or repeats itself; {@link Steps.Quality} has the sources. */
final class Quality implements DocumentStep {

    /** Gopher's shortest document; in shorter ones a row or a word that stands twice is much. */
    private static final int PROSE_FROM = 50;

    private static final int LINES_FROM = 5;
    private static final int SHORT_LINES_FROM = 10;
    private static final int SHORT_LINE = 30;

    private final Steps.Quality settings;
    private final StopWords stopWords;

    Quality(Steps.Quality settings, StopWords stopWords) {
        this.settings = settings;
        this.stopWords = stopWords;
    }

    @Override
    public String name() {
        return "quality";
    }

    @Override
    public Outcome apply(Draft draft) {
        Words words = draft.words();
        if (words.count() < settings.leastWords()) {
            return Outcome.dropped("too-few-words");
        }
        String reason = characters(draft.text());
        if (reason == null && words.count() >= settings.ratiosFromWords()) {
            reason = words(draft.text(), words);
            if (reason == null) {
                reason = lines(draft.text());
            }
        }
        if (reason == null && words.count() >= PROSE_FROM) {
            reason = stopWords(draft);
            if (reason == null && settings.repetition()) {
                reason = Repetition.reason(draft.text(), words);
            }
        }
        return reason == null ? Outcome.kept(draft) : Outcome.dropped(reason);
    }

    private @Nullable String characters(String text) {
        int replaced = 0;
        int from = text.indexOf('\uFFFD');
        while (from >= 0) {
            replaced++;
            from = text.indexOf('\uFFFD', from + 1);
        }
        if (replaced > settings.mostReplacementCharacters() * text.length()) {
            return "replacement-characters";
        }
        return text.contains("orem ipsum dolor") ? "lorem-ipsum" : null;
    }

    private @Nullable String words(String text, Words words) {
        long characters = 0;
        int alphabetic = 0;
        int longer = 0;
        for (int i = 0; i < words.count(); i++) {
            int length = words.length(i);
            if (length > 1) {
                longer++;
                characters += length;
            }
            if (hasLetter(text, words.start(i), words.end(i))) {
                alphabetic++;
            }
        }
        if (longer > 0 && (double) characters / longer > settings.mostMeanWordLength()) {
            return "word-length";
        }
        if (alphabetic < settings.leastAlphabeticWords() * words.count()) {
            return "few-alphabetic-words";
        }
        return symbols(text) > settings.mostSymbols() * words.count() ? "symbols" : null;
    }

    private static boolean hasLetter(String text, int start, int end) {
        for (int i = start; i < end; i++) {
            char c = text.charAt(i);
            if (c >= 'A' && !(c > 'Z' && c < 'a')) {
                return c < 0x80 || !Character.isDigit(c);
            }
        }
        return false;
    }

    private static int symbols(String text) {
        return times(text, "#") + times(text, "…") + times(text, "...");
    }

    private static int times(String text, String symbol) {
        int times = 0;
        for (int at = text.indexOf(symbol); at >= 0; at = text.indexOf(symbol, at)) {
            times++;
            at += symbol.length();
        }
        return times;
    }

    private @Nullable String lines(String text) {
        int lines = 0;
        int bullets = 0;
        int ellipses = 0;
        int brief = 0;
        int start = 0;
        int length = text.length();
        while (start < length) {
            int end = text.indexOf('\n', start);
            end = end < 0 ? length : end;
            if (end > start) {
                lines++;
                bullets += isBullet(text.charAt(start)) ? 1 : 0;
                ellipses += text.charAt(end - 1) == '…' || text.startsWith("...", end - 3) ? 1 : 0;
                brief += end - start < SHORT_LINE ? 1 : 0;
            }
            start = end + 1;
        }
        if (lines >= LINES_FROM) {
            if (bullets > settings.mostBulletLines() * lines) {
                return "bullet-lines";
            }
            if (ellipses > settings.mostEllipsisLines() * lines) {
                return "ellipsis-lines";
            }
        }
        return lines >= SHORT_LINES_FROM && brief > settings.mostShortLines() * lines
                ? "short-lines"
                : null;
    }

    private static boolean isBullet(char c) {
        return c == '-' || c == '*' || c == '•' || c == '‣' || c == '▪' || c == '●' || c == '–';
    }

    private @Nullable String stopWords(Draft draft) {
        int least = settings.leastStopWords();
        return least > 0 && stopWords.areFewer(least, draft.language(), draft.words())
                ? "few-stop-words"
                : null;
    }
}
