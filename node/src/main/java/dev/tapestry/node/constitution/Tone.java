package dev.tapestry.node.constitution;

import dev.tapestry.consortium.LeftOutWhenEmpty;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * How the model speaks. Answers are ranked by it; none is refused for it.
 *
 * @param mostSentences of an answer
 * @param forbidden words by language
 * @param address by language, which form of address is used
 */
public record Tone(
        @LeftOutWhenEmpty Optional<Integer> mostSentences,
        @LeftOutWhenEmpty Optional<SequencedMap<String, List<String>>> forbidden,
        @LeftOutWhenEmpty Optional<SequencedMap<String, Address>> address) {

    public Tone {
        Wording.require(mostSentences.orElse(1) > 0, "most-sentences: at least 1");
        forbidden = Wording.copied(forbidden);
        address = address.map(TreeMap::new);
    }

    /**
     * A form of address.
     *
     * @param use its words, such as Sie and Ihnen
     * @param avoid words of the other form, such as du and dich
     */
    public record Address(List<String> use, List<String> avoid) {
        public Address {
            use = List.copyOf(use);
            avoid = List.copyOf(avoid);
            Wording.require(!avoid.isEmpty(), "avoid: at least one word");
        }
    }

    void check(List<String> languages) {
        Wording.checkTerms("tone.forbidden", forbidden, languages);
        Wording.checkTerms("tone.address", address.map(Tone::avoided), languages);
    }

    /** Words of the other forms, by language. */
    static SequencedMap<String, List<String>> avoided(SequencedMap<String, Address> forms) {
        SequencedMap<String, List<String>> avoided = new TreeMap<>();
        forms.forEach((language, form) -> avoided.put(language, form.avoid()));
        return avoided;
    }
}
