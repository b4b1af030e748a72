package dev.tapestry.node.build;

import dev.tapestry.consortium.Digest;
import dev.tapestry.node.NodeException;
import dev.tapestry.node.NodeException.Code;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The licence of a model from elsewhere.
 *
 * @param name as SPDX or Hugging Face writes it in small letters, such as {@code apache-2.0};
 *     {@code other} where only a text of its own is there, {@code unknown} where nothing is
 * @param statedBy who says so: a file's name, or {@code member}
 * @param text SHA-256 of the licence file, if there is one
 */
public record UpstreamLicence(String name, String statedBy, Optional<Digest> text) {

    /** What a licence is called that nothing names. */
    public static final String UNKNOWN = "unknown";

    private static final List<String> FILES =
            List.of(
                    "LICENSE",
                    "LICENSE.txt",
                    "LICENSE.md",
                    "LICENCE",
                    "LICENCE.txt",
                    "LICENCE.md",
                    "COPYING");
    private static final String README = "README.md";
    private static final int MAX_BYTES = 1 << 20;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9.+-]{0,63}");
    private static final Pattern KEY =
            Pattern.compile("(?m)^license:[ \\t]*(?:\\R[ \\t]*-[ \\t]*)?([^\\r\\n]*)");

    public UpstreamLicence {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "'%s' is not the name of a licence, such as apache-2.0".formatted(name));
        }
    }

    /** The licence of the model in a directory, or what the member states. */
    static UpstreamLicence of(Path directory, Optional<String> stated) {
        Optional<Path> file = file(directory);
        Optional<byte[]> content = file.map(UpstreamLicence::read);
        Optional<Digest> digest = content.map(Digest::of);
        if (stated.isPresent()) {
            return stated(stated.orElseThrow(), digest);
        }
        Path readme = directory.resolve(README);
        Optional<String> said =
                Files.isRegularFile(readme) ? inFrontMatter(read(readme)) : Optional.empty();
        if (said.isPresent()) {
            return new UpstreamLicence(said.orElseThrow(), README, digest);
        }
        return file.map(path ->
                        new UpstreamLicence(
                                content.flatMap(UpstreamLicence::recognised).orElse("other"),
                                path.getFileName().toString(),
                                digest))
                .orElseGet(() -> new UpstreamLicence(UNKNOWN, "nothing", Optional.empty()));
    }

    private static UpstreamLicence stated(String name, Optional<Digest> text) {
        try {
            return new UpstreamLicence(name.toLowerCase(Locale.ROOT), "member", text);
        } catch (IllegalArgumentException e) {
            throw new NodeException(Code.CONFIG_INVALID, String.valueOf(e.getMessage()), e);
        }
    }

    /** The licence file of a model directory. */
    public static Optional<Path> file(Path directory) {
        return FILES.stream().map(directory::resolve).filter(Files::isRegularFile).findFirst();
    }

    /**
     * The value of {@code license} between the lines of three dashes at the head of a Hugging Face
     * model card; the first, if there are several.
     */
    public static Optional<String> inFrontMatter(byte[] readme) {
        String text = new String(readme, StandardCharsets.UTF_8).replace("\r\n", "\n");
        int end = text.indexOf("\n---", 3);
        if (!text.startsWith("---\n") || end < 0) {
            return Optional.empty();
        }
        Matcher key = KEY.matcher(text.substring(0, end));
        if (!key.find()) {
            return Optional.empty();
        }
        String value = key.group(1).replaceAll("\\s+#.*", "").strip();
        String bare = value.replaceAll("^([\"'])(.*)\\1$", "$2").toLowerCase(Locale.ROOT);
        return Optional.of(bare).filter(name -> NAME.matcher(name).matches());
    }

    private static Optional<String> recognised(byte[] licence) {
        String text = new String(licence, StandardCharsets.UTF_8).replaceAll("\\s+", " ");
        if (text.contains("Apache License Version 2.0, January 2004")) {
            return Optional.of("apache-2.0");
        }
        return text.strip().startsWith("MIT License") ? Optional.of("mit") : Optional.empty();
    }

    private static byte[] read(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new NodeException(
                        Code.WRONG_MODEL, file + " is longer than %d bytes".formatted(MAX_BYTES));
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new NodeException(Code.STORAGE, "cannot read " + file + ": " + e, e);
        }
    }

    /** One or two sentences. */
    String sentence() {
        String said =
                name.equals(UNKNOWN)
                        ? "Its licence is not known: ask its makers before you give it on."
                        : "Its licence is `%s`, says %s."
                                .formatted(
                                        name,
                                        statedBy.equals("member")
                                                ? "the member"
                                                : "its " + statedBy);
        return text.map(digest ->
                        said + " The licence's text has the digest `%s`.".formatted(digest))
                .orElse(said);
    }
}
