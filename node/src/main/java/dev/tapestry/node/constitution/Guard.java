package dev.tapestry.node.constitution;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.preparation.ProtectedText;
import dev.tapestry.node.constitution.Constitution.Scope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Holds texts against a constitution. Compiled once; thread-safe. No text is kept or logged. */
public final class Guard {

    /** Characters that are screened at once; a pair of surrogates may be cut in two. */
    private static final int PIECE = 1024;

    private final Constitution constitution;
    private final Digest digest;
    private final Set<String> own;
    private final Rules data;
    private final Rules prompts;
    private final Rules answers;

    private Guard(Constitution constitution) {
        this.constitution = constitution;
        this.digest = constitution.digest();
        this.own = own(constitution);
        this.data = Rules.of(constitution, Scope.DATA);
        this.prompts = Rules.of(constitution, Scope.PROMPTS);
        this.answers = Rules.of(constitution, Scope.ANSWERS);
    }

    private static Set<String> own(Constitution constitution) {
        Set<String> words = new HashSet<>();
        constitution
                .domains()
                .forEach(domain -> domain.say().ifPresent(say -> words.addAll(say.values())));
        constitution.refused().forEach(refusal -> words.addAll(refusal.say().values()));
        return words.stream().map(String::strip).collect(Collectors.toUnmodifiableSet());
    }

    /** The guard of a constitution. */
    public static Guard of(Constitution constitution) {
        return new Guard(constitution);
    }

    /** The guard of a constitution in a file; see {@link Constitution#read}. */
    public static Guard read(Path file) {
        return of(Constitution.read(file));
    }

    /** What it holds to. */
    public Constitution constitution() {
        return constitution;
    }

    /** The digest of what it holds to. */
    public Digest digest() {
        return digest;
    }

    /** Whether a prompt may be answered, and what of it the model may see. */
    public Verdict prompt(String text) {
        Optional<Limits> limits = constitution.limits();
        int most = limits.flatMap(Limits::promptCharacters).orElse(Integer.MAX_VALUE);
        if (text.length() > most) {
            return new Verdict.Refused(
                    Limits.PROMPT,
                    words(
                            limits.flatMap(Limits::say).orElse(Map.of()),
                            prompts.language(),
                            prompts.language()));
        }
        return verdict(text, new AnswerScreen(prompts, Integer.MAX_VALUE));
    }

    /** Whether a whole answer may be shown, and what of it. */
    public Verdict answer(String text) {
        return verdict(text, answer());
    }

    /** A screen for an answer that comes in pieces. */
    public AnswerScreen answer() {
        return new AnswerScreen(
                answers,
                constitution.limits().flatMap(Limits::answerCharacters).orElse(Integer.MAX_VALUE));
    }

    /** What is protected in data. */
    public ProtectedText data() {
        return this::passages;
    }

    /** The ids of the protected domains that a text of data touches. */
    public List<String> touched(String text) {
        TreeSet<String> ids = new TreeSet<>();
        passages(text).forEach(passage -> ids.add(passage.domain()));
        return List.copyOf(ids);
    }

    /**
     * The same of a text that a model learns to say: the constitution's own words may be learnt,
     * whatever they name.
     */
    public List<String> learnt(String text) {
        return own(text) ? List.of() : touched(text);
    }

    /** Whether a text is what the constitution says instead of an answer. */
    public boolean own(String text) {
        return own.contains(text.strip());
    }

    private List<ProtectedText.Passage> passages(String text) {
        List<ProtectedText.Passage> passages = new ArrayList<>();
        Finder finder =
                new Finder(
                        data,
                        matches ->
                                matches.forEach(match ->
                                        passages.add(
                                                new ProtectedText.Passage(
                                                        data.rule(match.rule()).id(),
                                                        match.start(),
                                                        match.end()))));
        finder.accept(text);
        finder.end();
        passages.sort(
                Comparator.comparingInt(ProtectedText.Passage::start)
                        .thenComparingInt(ProtectedText.Passage::end)
                        .thenComparing(ProtectedText.Passage::domain));
        return passages;
    }

    /** In pieces, since what is found in a long one is put in order before it is shown. */
    private static Verdict verdict(String text, AnswerScreen screen) {
        StringBuilder pieces = new StringBuilder();
        for (int at = 0; at < text.length() && !screen.isOver(); at += PIECE) {
            pieces.append(screen.accept(text.substring(at, Math.min(text.length(), at + PIECE))));
        }
        String shown = pieces.append(screen.finish()).toString();
        if (screen.refused().isPresent()) {
            return screen.refused().orElseThrow();
        }
        List<Verdict.Acted> acted = screen.acted();
        return acted.isEmpty() ? new Verdict.Allowed() : new Verdict.Redacted(shown, acted);
    }

    /** Words in a language, or else in the first one. */
    static String words(Map<String, String> say, String language, String first) {
        return say.getOrDefault(language, say.getOrDefault(first, ""));
    }
}
