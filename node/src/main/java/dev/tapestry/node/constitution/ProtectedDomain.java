package dev.tapestry.node.constitution;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.node.constitution.Constitution.Action;
import dev.tapestry.node.constitution.Constitution.Scope;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Something that a community keeps to itself.
 *
 * @param id by which reports name it; they never hold what was found
 * @param description what it is, for people
 * @param terms by language
 * @param termFiles by language, a file with a term a line; empty once they are read
 * @param patterns of {@link PatternParser}
 * @param except terms by language within which nothing is found
 * @param applyTo where it acts; everywhere if left out
 * @param action what is done in prompts and answers; documents of data are always left out
 * @param say by language, what is said instead; needed where the action is to refuse
 */
public record ProtectedDomain(
        String id,
        String description,
        @LeftOutWhenEmpty Optional<SequencedMap<String, List<String>>> terms,
        @LeftOutWhenEmpty Optional<SequencedMap<String, String>> termFiles,
        @LeftOutWhenEmpty Optional<List<String>> patterns,
        @LeftOutWhenEmpty Optional<SequencedMap<String, List<String>>> except,
        @LeftOutWhenEmpty Optional<List<Scope>> applyTo,
        Action action,
        @LeftOutWhenEmpty Optional<Map<String, String>> say) {

    public ProtectedDomain {
        Wording.requireName("id", id);
        Wording.requireText("description", description);
        terms = Wording.copied(terms);
        except = Wording.copied(except);
        patterns = patterns.map(List::copyOf);
        applyTo = applyTo.map(List::copyOf);
        say = say.map(Map::copyOf);
        Wording.checkPatterns("patterns", patterns);
        Wording.require(
                !Wording.all(terms).isEmpty()
                        || !patterns.orElse(List.of()).isEmpty()
                        || !termFiles.map(Map::isEmpty).orElse(true),
                "protected '%s' has neither terms, term-files nor patterns".formatted(id));
        Wording.require(
                applyTo.map(list -> !list.isEmpty()).orElse(true),
                "apply-to: at least one of DATA, PROMPTS, ANSWERS");
    }

    /** Where it acts. */
    public Set<Scope> scopes() {
        return applyTo.<Set<Scope>>map(EnumSet::copyOf).orElseGet(() -> EnumSet.allOf(Scope.class));
    }

    void check(List<String> languages) {
        String key = "protected '" + id + "'";
        Wording.checkTerms(key + ".terms", terms, languages);
        Wording.checkTerms(key + ".except", except, languages);
        termFiles.ifPresent(
                files -> Wording.checkLanguages(key + ".term-files", files.keySet(), languages));
        boolean speaks = scopes().contains(Scope.PROMPTS) || scopes().contains(Scope.ANSWERS);
        if (action == Action.REFUSE && speaks) {
            Wording.requireSay(key, say, languages);
        } else {
            Wording.checkSay(key, say, languages);
        }
    }

    /** The same with other terms, and no files of them. */
    ProtectedDomain withTerms(Optional<SequencedMap<String, List<String>>> read) {
        return new ProtectedDomain(
                id, description, read, Optional.empty(), patterns, except, applyTo, action, say);
    }
}
