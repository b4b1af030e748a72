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
import java.util.function.Function;
import java.util.function.Supplier;

/** Reads a constitution with the files of terms that it names. */
final class ConstitutionFile {

    private static final int MAX_BYTES = 8 << 20;

    private ConstitutionFile() {}

    static Constitution read(Path file) {
        Path folder = file.toAbsolutePath().resolveSibling(".").normalize();
        return read(
                file,
                () -> StrictYaml.read(file, Constitution.class, StrictYaml.Spelling.HYPHENATED),
                name -> bytes(within(folder, name)));
    }

    static Constitution read(Path file, byte[] text, Function<String, byte[]> beside) {
        return read(
                file,
                () ->
                        StrictYaml.parse(
                                file, text, Constitution.class, StrictYaml.Spelling.HYPHENATED),
                beside);
    }

    private static Constitution read(
            Path file, Supplier<Constitution> itself, Function<String, byte[]> beside) {
        try {
            Constitution read = itself.get();
            List<ProtectedDomain> whole = new ArrayList<>();
            for (ProtectedDomain domain : read.domains()) {
                whole.add(withFiles(domain, beside));
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

    private static ProtectedDomain withFiles(
            ProtectedDomain domain, Function<String, byte[]> beside) {
        if (domain.termFiles().isEmpty()) {
            return domain;
        }
        SequencedMap<String, List<String>> terms = new TreeMap<>();
        domain.terms().ifPresent(terms::putAll);
        domain.termFiles()
                .orElseThrow()
                .forEach((language, name) -> {
                    List<String> longer = new ArrayList<>(terms.getOrDefault(language, List.of()));
                    longer.addAll(lines(name, beside.apply(name)));
                    terms.put(language, longer);
                });
        return domain.withTerms(Optional.of(terms));
    }

    /** A constitution that somebody hands on reads nothing but what lies beside it. */
    private static Path within(Path folder, String name) {
        Path file = folder.resolve(name).normalize();
        if (Path.of(name).isAbsolute() || !file.startsWith(folder) || file.equals(folder)) {
            throw outside(name);
        }
        try {
            if (!file.toRealPath().startsWith(folder.toRealPath())) {
                throw outside(name);
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        return file;
    }

    private static IllegalArgumentException outside(String name) {
        return new IllegalArgumentException(
                "term-files: '%s' does not lie beside the constitution".formatted(name));
    }

    private static NodeException unreadable(Path file, IOException e) {
        return new NodeException(
                Code.CONFIG_INVALID, "cannot read the terms in " + file + ": " + e, e);
    }

    private static byte[] bytes(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(MAX_BYTES + 1);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /** Lines that are neither empty nor begin with a hash. */
    private static List<String> lines(String name, byte[] bytes) {
        if (bytes.length > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "%s has more than %d bytes: not a list of terms".formatted(name, MAX_BYTES));
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString()
                    .lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .toList();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(name + " is not UTF-8; save it as UTF-8", e);
        }
    }
}
