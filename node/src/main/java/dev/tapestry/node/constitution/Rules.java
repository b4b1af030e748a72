package dev.tapestry.node.constitution;

import dev.tapestry.node.constitution.Constitution.Action;
import dev.tapestry.node.constitution.Constitution.Scope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * All rules that act in one place, made ready to be looked for together. Immutable; thread-safe.
 */
final class Rules {

    /**
     * One rule.
     *
     * @param id of the domain or refusal
     * @param say by language; empty where nothing is ever said
     */
    record Rule(String id, Action action, Map<String, String> say) {}

    /**
     * Where a term belongs.
     *
     * @param rule its index
     * @param language of the term
     * @param except whether nothing of the rule is found within it
     */
    record Entry(int rule, String language, boolean except) {}

    private final List<Rule> rules = new ArrayList<>();
    private final List<Entry> entries = new ArrayList<>();
    private final List<Integer> patternRules = new ArrayList<>();
    private final TermAutomaton terms;
    private final PatternMachine patterns;
    private final String language;
    private final boolean exceptions;

    private Rules(Constitution constitution, Scope scope) {
        this.language = constitution.languages().getFirst();
        List<Term> written = new ArrayList<>();
        List<Pattern> parsed = new ArrayList<>();
        for (ProtectedDomain domain : constitution.domains()) {
            if (domain.scopes().contains(scope)) {
                rules.add(new Rule(domain.id(), domain.action(), domain.say().orElse(Map.of())));
                add(written, domain.terms(), false);
                add(written, domain.except(), true);
                add(parsed, domain.patterns());
            }
        }
        if (scope == Scope.PROMPTS) {
            for (Refusal refusal : constitution.refused()) {
                rules.add(new Rule(refusal.id(), Action.REFUSE, refusal.say()));
                add(written, refusal.terms(), false);
                add(written, refusal.except(), true);
                add(parsed, refusal.patterns());
            }
        }
        this.terms = TermAutomaton.of(written);
        this.patterns = new PatternMachine(PatternProgram.of(parsed));
        this.exceptions = entries.stream().anyMatch(Entry::except);
    }

    static Rules of(Constitution constitution, Scope scope) {
        return new Rules(constitution, scope);
    }

    private void add(
            List<Term> written,
            Optional<SequencedMap<String, List<String>>> words,
            boolean except) {
        words.ifPresent(all ->
                all.forEach((itsLanguage, list) -> {
                    for (String word : list) {
                        written.add(Term.of(word));
                        entries.add(new Entry(rules.size() - 1, itsLanguage, except));
                    }
                }));
    }

    private void add(List<Pattern> parsed, Optional<List<String>> patternsOfRule) {
        for (String pattern : patternsOfRule.orElse(List.of())) {
            parsed.add(PatternParser.parse(pattern));
            patternRules.add(rules.size() - 1);
        }
    }

    Rule rule(int index) {
        return rules.get(index);
    }

    Entry entry(int term) {
        return entries.get(term);
    }

    int ofPattern(int pattern) {
        return patternRules.get(pattern);
    }

    /** Whether some rule has exceptions. */
    boolean exceptions() {
        return exceptions;
    }

    TermAutomaton terms() {
        return terms;
    }

    PatternMachine patterns() {
        return patterns;
    }

    /** The language whose words are said where no other fits. */
    String language() {
        return language;
    }
}
