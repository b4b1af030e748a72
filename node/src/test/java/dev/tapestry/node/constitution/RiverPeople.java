package dev.tapestry.node.constitution;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A constitution for tests. */
public final class RiverPeople {

    /** As the community has written it. */
    public static final String TEXT =
            """
            name: river-people
            languages: [en, de]
            principles:
              - {id: elders, text: Send questions about ceremonies to the elders.}
            tone:
              most-sentences: 3
              forbidden: {en: [obviously], de: [offensichtlich]}
              address: {de: {use: [Sie, Ihnen], avoid: [du, dich, dir]}}
            protected-domains:
              - id: burial-songs
                description: songs that only the families of the dead may sing
                terms: {en: [burial song*, song of the ferry], de: [Totenlied*]}
                except: {en: [burial song of the museum]}
                action: REFUSE
                say:
                  en: These songs belong to the families.
                  de: Diese Lieder gehören den Familien.
              - id: graves
                description: where the dead lie
                patterns: ['\\bplot [a-z] ?\\d{1,4}\\b']
                terms: {en: [Ostrava field, 墓地]}
                apply-to: [DATA, ANSWERS]
                action: REDACT
            refusals:
              - id: dowsing
                terms: {en: [where to dig]}
                say: {en: We do not tell where to dig.}
            limits: {prompt-characters: 2000, answer-characters: 1000, say: {en: Too long.}}
            """;

    private RiverPeople() {}

    /** Its guard. */
    public static Guard guard(Path directory) {
        return Guard.read(file(directory, TEXT));
    }

    /** Writes a constitution. */
    public static Path file(Path directory, String text) {
        try {
            return Files.writeString(directory.resolve("constitution.yaml"), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
