package dev.tapestry.node;

import dev.tapestry.consortium.MemberId;
import dev.tapestry.node.NodeException.Code;
import dev.tapestry.training.Precision;
import dev.tapestry.trust.SafeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * A node's settings: {@code node.yaml}.
 *
 * <pre>
 * member: helsinki               # must be the one that enrolled
 * corpus: /data/corpus           # a directory with card.yaml; relative to node.yaml
 * threads: 8                     # of training and scoring; all processors if left out
 * precision: auto                # auto, fp32 or bf16
 * hold-out-fraction: 0.05        # of documents or groups, never trained on
 * hold-out-salt: ""              # makes another choice of held-out documents
 * streams: 4                     # parts under way at once, in each direction
 * keep-bases: 3                  # older bases are deleted
 * </pre>
 *
 * @param member whose node this is
 * @param corpus directory with the member's text and its card
 * @param threads of training and scoring
 * @param precision of matrix products
 * @param holdOutFraction of documents (or groups, if the card names a group field) held out
 * @param holdOutSalt chooses which
 * @param streams parts under way at once
 * @param keepBases how many models of the loop stay on disk
 */
public record NodeConfig(
        MemberId member,
        Path corpus,
        int threads,
        Precision precision,
        double holdOutFraction,
        String holdOutSalt,
        int streams,
        int keepBases) {

    private static final Set<String> KEYS =
            new TreeSet<>(
                    List.of(
                            "member",
                            "corpus",
                            "threads",
                            "precision",
                            "hold-out-fraction",
                            "hold-out-salt",
                            "streams",
                            "keep-bases"));

    private static final int MAX_BYTES = 64 << 10;

    private static final YAMLMapper YAML =
            YAMLMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    public NodeConfig {
        range("threads", threads, 1, 1024);
        range("streams", streams, 1, 64);
        range("keep-bases", keepBases, 2, 1_000_000);
        if (!(holdOutFraction > 0 && holdOutFraction < 1)) {
            throw invalid(
                    "hold-out-fraction is above 0 and below 1, not "
                            + holdOutFraction
                            + ": without held-out text nothing can be scored");
        }
    }

    /** Settings for a member with its text in {@code corpus}. */
    public static NodeConfig standard(MemberId member, Path corpus) {
        return new NodeConfig(
                member,
                corpus,
                Runtime.getRuntime().availableProcessors(),
                Precision.AUTO,
                0.05,
                "",
                4,
                3);
    }

    /** The same with so many threads. */
    public NodeConfig withThreads(int count) {
        return new NodeConfig(
                member, corpus, count, precision, holdOutFraction, holdOutSalt, streams, keepBases);
    }

    /** The same with another share of held-out text. */
    public NodeConfig withHoldOut(double fraction, String salt) {
        return new NodeConfig(
                member, corpus, threads, precision, fraction, salt, streams, keepBases);
    }

    /**
     * Reads {@code node.yaml}.
     *
     * @throws NodeException {@code CONFIG_INVALID}, with the key and what it may be
     */
    public static NodeConfig read(NodeHome home) {
        JsonNode yaml = tree(home.config());
        if (!yaml.isObject()) {
            throw invalid(home.config() + " is not a list of 'key: value' lines");
        }
        for (String key : yaml.propertyNames()) {
            if (!KEYS.contains(key)) {
                throw invalid(
                        "%s: unknown key '%s'; known are: %s"
                                .formatted(home.config(), key, String.join(", ", KEYS)));
            }
        }
        Fields fields = new Fields(yaml);
        try {
            NodeConfig standard =
                    standard(
                            new MemberId(fields.text("member", "")),
                            home.directory().resolve(fields.text("corpus", "")).normalize());
            return new NodeConfig(
                    standard.member(),
                    standard.corpus(),
                    fields.integer("threads", standard.threads()),
                    precision(fields.text("precision", "auto")),
                    fields.number("hold-out-fraction", standard.holdOutFraction()),
                    fields.text("hold-out-salt", standard.holdOutSalt()),
                    fields.integer("streams", standard.streams()),
                    fields.integer("keep-bases", standard.keepBases()));
        } catch (IllegalArgumentException e) {
            throw new NodeException(Code.CONFIG_INVALID, home.config() + ": " + e.getMessage(), e);
        }
    }

    /** The settings as YAML with all keys: also what is shown at the start. */
    public String yaml() {
        return """
        member: %s
        corpus: "%s"
        threads: %d
        precision: %s
        hold-out-fraction: %s
        hold-out-salt: "%s"
        streams: %d
        keep-bases: %d
        """
                .formatted(
                        member,
                        escaped(corpus.toString()),
                        threads,
                        precision.name().toLowerCase(Locale.ROOT),
                        holdOutFraction,
                        escaped(holdOutSalt),
                        streams,
                        keepBases);
    }

    /** Writes {@code node.yaml}. */
    public void write(NodeHome home) {
        SafeFile.write(home.config(), yaml());
    }

    private record Fields(JsonNode yaml) {
        String text(String key, String absent) {
            JsonNode value = yaml.get(key);
            if (value == null) {
                if (key.equals("member") || key.equals("corpus")) {
                    throw new IllegalArgumentException("the key '" + key + "' is missing");
                }
                return absent;
            }
            if (!value.isString()) {
                throw new IllegalArgumentException(
                        "'%s' is text, not %s; quote it".formatted(key, value));
            }
            return value.stringValue();
        }

        int integer(String key, int absent) {
            JsonNode value = yaml.get(key);
            if (value != null && !value.isInt()) {
                throw new IllegalArgumentException(
                        "'%s' is a whole number, not %s".formatted(key, value));
            }
            return value == null ? absent : value.intValue();
        }

        double number(String key, double absent) {
            JsonNode value = yaml.get(key);
            if (value != null && !value.isNumber()) {
                throw new IllegalArgumentException(
                        "'%s' is a number, not %s".formatted(key, value));
            }
            return value == null ? absent : value.doubleValue();
        }
    }

    private static Precision precision(String word) {
        return Arrays.stream(Precision.values())
                .filter(value -> value.name().toLowerCase(Locale.ROOT).equals(word))
                .findFirst()
                .orElseThrow(() -> invalid("precision is auto, fp32 or bf16, not '" + word + "'"));
    }

    private static JsonNode tree(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw invalid(
                        "%s has %d bytes; settings have at most %d"
                                .formatted(file, Files.size(file), MAX_BYTES));
            }
            return YAML.readTree(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new NodeException(Code.CONFIG_INVALID, "cannot read " + file + ": " + e, e);
        } catch (JacksonException e) {
            throw new NodeException(
                    Code.CONFIG_INVALID, file + " is not YAML: " + e.getMessage(), e);
        }
    }

    private static void range(String key, int value, int least, int most) {
        if (value < least || value > most) {
            throw invalid("%s is between %d and %d, not %d".formatted(key, least, most, value));
        }
    }

    private static String escaped(String text) {
        return text.replace("\\", "\\\\").replace("\"", "\\\"");
    }

    private static NodeException invalid(String message) {
        return new NodeException(Code.CONFIG_INVALID, message);
    }
}
