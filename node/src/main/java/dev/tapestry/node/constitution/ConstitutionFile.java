package dev.tapestry.node.constitution;

import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.trust.TrustException;
import dev.tapestry.trust.json.StrictYaml;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;

/** Reads a constitution with the files of terms that it names. */
final class ConstitutionFile {

    private static final int MAX_BYTES = 8 << 20;

    private ConstitutionFile() {}

    static Constitution read(Path file) {
        try {
            Constitution read =
                    StrictYaml.read(file, Constitution.class, StrictYaml.Spelling.HYPHENATED);
            Path folder = file.toAbsolutePath().resolveSibling(".").normalize();
            List<ProtectedDomain> whole = new ArrayList<>();
            for (ProtectedDomain domain : read.domains()) {
                whole.add(withFiles(domain, folder));
            }
            return new Constitution(
                    read.name(),
                    read.languages(),
                    read.principles(),
                    read.tone(),
                    read.protectedDomains().map(_ -> whole),
                    read.refusals(),
                    read.limits());
        } catch (TrustException e) {
            throw new NodeException(Code.CONFIG_INVALID, String.valueOf(e.getMessage()), e);
        } catch (IllegalArgumentException e) {
            throw new NodeException(Code.CONFIG_INVALID, file + ": " + e.getMessage(), e);
        }
    }

    private static ProtectedDomain withFiles(ProtectedDomain domain, Path folder) {
        if (domain.termFiles().isEmpty()) {
            return domain;
        }
        SequencedMap<String, List<String>> terms = new TreeMap<>();
        domain.terms().ifPresent(terms::putAll);
        domain.termFiles()
                .orElseThrow()
                .forEach((language, name) -> {
                    List<String> longer = new ArrayList<>(terms.getOrDefault(language, List.of()));
                    longer.addAll(lines(within(folder, name)));
                    terms.put(language, longer);
                });
        return domain.withTerms(Optional.of(terms));
    }

    /** A constitution that somebody hands on reads nothing but what lies beside it. */
    private static Path within(Path folder, String name) {
        Path file = folder.resolve(name).normalize();
        if (Path.of(name).isAbsolute() || !file.startsWith(folder) || file.equals(folder)) {
            throw new IllegalArgumentException(
                    "term-files: '%s' does not lie beside the constitution".formatted(name));
        }
        return file;
    }

    /** Lines that are neither empty nor begin with a hash. */
    private static List<String> lines(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw new NodeException(
                        Code.CONFIG_INVALID,
                        "%s has more than %d bytes: not a list of terms"
                                .formatted(file, MAX_BYTES));
            }
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString()
                    .lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .toList();
        } catch (CharacterCodingException e) {
            throw new NodeException(
                    Code.CONFIG_INVALID, file + " is not UTF-8; save it as UTF-8", e);
        } catch (IOException e) {
            throw new NodeException(
                    Code.CONFIG_INVALID, "cannot read the terms in " + file + ": " + e, e);
        }
    }
}
