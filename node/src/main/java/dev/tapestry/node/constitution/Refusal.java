package dev.tapestry.node.constitution;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Prompts that are not answered.
 *
 * @param id by which results name it
 * @param terms by language, in prompts
 * @param patterns of {@link PatternParser}
 * @param except terms by language within which nothing is found
 * @param say by language, the community's own words
 */
public record Refusal(
        String id,
        @LeftOutWhenEmpty Optional<SequencedMap<String, List<String>>> terms,
        @LeftOutWhenEmpty Optional<List<String>> patterns,
        @LeftOutWhenEmpty Optional<SequencedMap<String, List<String>>> except,
        Map<String, String> say) {

    public Refusal {
        Wording.requireName("id", id);
        terms = Wording.copied(terms);
        except = Wording.copied(except);
        patterns = patterns.map(List::copyOf);
        say = Map.copyOf(say);
        Wording.checkPatterns("patterns", patterns);
        Wording.require(
                !Wording.all(terms).isEmpty() || !patterns.orElse(List.of()).isEmpty(),
                "refusal '%s' has neither terms nor patterns".formatted(id));
    }

    void check(List<String> languages) {
        String key = "refusal '" + id + "'";
        Wording.checkTerms(key + ".terms", terms, languages);
        Wording.checkTerms(key + ".except", except, languages);
        Wording.requireSay(key, Optional.of(say), languages);
    }
}
