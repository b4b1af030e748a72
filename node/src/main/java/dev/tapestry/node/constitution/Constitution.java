package dev.tapestry.node.constitution;

import dev.tapestry.consortium.Digest;
import dev.tapestry.consortium.LeftOutWhenEmpty;
import dev.tapestry.node.NodeException;
import dev.tapestry.trust.json.CanonicalJson;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * What a community wants of its model: {@code constitution.yaml}.
 *
 * <pre>
 * name: river-people
 * languages: [en, de]                # the first one's words are said where no other fits
 * principles:                        # what a good answer is; a judge is asked by them
 *   - {id: elders, text: Send questions about ceremonies to the elders.}
 * tone:                              # what preferences are ranked by
 *   most-sentences: 6
 *   forbidden: {en: [obviously], de: [offensichtlich]}
 *   address: {de: {use: [Sie, Ihnen], avoid: [du, dich, dir]}}
 * protected-domains:                 # what is kept out of data, prompts or answers
 *   - id: burial-songs
 *     description: songs that only the families of the dead may sing
 *     terms: {en: [burial song*, song of the ferry], de: [Totenlied*]}
 *     term-files: {en: singers.txt}  # one term a line, beside this file
 *     patterns: ['\bplot [a-z]\d{1,4}\b']
 *     except: {en: [burial songbook catalogue]}
 *     apply-to: [DATA, PROMPTS, ANSWERS]
 *     action: REFUSE                 # or REDACT
 *     say:
 *       en: These songs belong to the families. Please ask the keeper of songs.
 *       de: Diese Lieder gehören den Familien. Bitte fragen Sie die Hüterin der Lieder.
 * refusals:                          # what is not answered
 *   - id: dowsing
 *     terms: {en: [where to dig]}
 *     say: {en: We do not tell where to dig.}
 * limits: {prompt-characters: 8000, answer-characters: 8000, say: {en: That is too long for me.}}
 * </pre>
 *
 * <p>A term stands for itself as whole words; with {@code *} at an end, also within a longer word
 * there. Patterns are {@link PatternParser}'s.
 *
 * @param name of the community or of this text
 * @param languages at least one, as BCP 47 tags; terms and words are said in these
 * @param principles what a good answer is
 * @param tone how is spoken
 * @param protectedDomains what is kept out
 * @param refusals what is not answered
 * @param limits of lengths
 */
public record Constitution(
        String name,
        List<String> languages,
        @LeftOutWhenEmpty Optional<List<Principle>> principles,
        @LeftOutWhenEmpty Optional<Tone> tone,
        @LeftOutWhenEmpty Optional<List<ProtectedDomain>> protectedDomains,
        @LeftOutWhenEmpty Optional<List<Refusal>> refusals,
        @LeftOutWhenEmpty Optional<Limits> limits) {

    public Constitution {
        Wording.requireName("name", name);
        languages = List.copyOf(languages);
        Wording.require(!languages.isEmpty(), "languages: at least one");
        for (String language : languages) {
            Wording.require(
                    language.matches("[a-z]{2,8}(-[A-Za-z0-9]{2,8}){0,3}"),
                    "languages: '%s' is no language tag such as en or pt-BR".formatted(language));
        }
        principles = principles.map(List::copyOf);
        protectedDomains = protectedDomains.map(List::copyOf);
        refusals = refusals.map(List::copyOf);
        Set<String> ids = new HashSet<>();
        for (String id : ids(principles, protectedDomains, refusals)) {
            Wording.require(ids.add(id), "the id '%s' stands twice".formatted(id));
        }
        List<String> known = languages;
        tone.ifPresent(one -> one.check(known));
        protectedDomains.ifPresent(all -> all.forEach(one -> one.check(known)));
        refusals.ifPresent(all -> all.forEach(one -> one.check(known)));
        limits.ifPresent(one -> one.check(known));
    }

    private static List<String> ids(
            Optional<List<Principle>> principles,
            Optional<List<ProtectedDomain>> domains,
            Optional<List<Refusal>> refusals) {
        List<String> ids = new ArrayList<>();
        principles.ifPresent(all -> all.forEach(one -> ids.add(one.id())));
        domains.ifPresent(all -> all.forEach(one -> ids.add(one.id())));
        refusals.ifPresent(all -> all.forEach(one -> ids.add(one.id())));
        return ids;
    }

    /**
     * A principle.
     *
     * @param id by which results name it
     * @param text one or a few sentences
     */
    public record Principle(String id, String text) {
        public Principle {
            Wording.requireName("id", id);
            Wording.requireText("text", text);
        }
    }

    /** Where a rule acts. */
    public enum Scope {
        /** Texts, conversations and preferences that a model learns from. */
        DATA,
        /** What the model is asked. */
        PROMPTS,
        /** What the model says. */
        ANSWERS
    }

    /** What a rule does. */
    public enum Action {
        /** Nothing is said but the rule's own words. */
        REFUSE,
        /** Only the passage is left out. */
        REDACT
    }

    /** All protected domains. */
    public List<ProtectedDomain> domains() {
        return protectedDomains.orElse(List.of());
    }

    /** All refusals. */
    public List<Refusal> refused() {
        return refusals.orElse(List.of());
    }

    /** The digest of the text, the files of terms included; the order of keys is no matter. */
    public Digest digest() {
        return CanonicalJson.digest(this);
    }

    /**
     * Reads a constitution and the files of terms beside it.
     *
     * @throws NodeException {@code CONFIG_INVALID}, with the key that is unknown, missing or out of
     *     range, or the pattern that cannot be used
     */
    public static Constitution read(Path file) {
        return ConstitutionFile.read(file);
    }

    /**
     * The same of what was read already.
     *
     * @param file its name, for refusals
     * @param beside the bytes of a file of terms, by the name that the constitution gives it
     */
    public static Constitution read(Path file, byte[] text, Function<String, byte[]> beside) {
        return ConstitutionFile.read(file, text, beside);
    }
}
