package dev.tapestry.corpus.preparation;

import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.exc.UnrecognizedPropertyException;
import tools.jackson.databind.type.LogicalType;
import tools.jackson.dataformat.yaml.YAMLMapper;
import tools.jackson.dataformat.yaml.YAMLParser;

/**
 * Reads a plan from YAML, strictly: every key known and there once, every value of its kind, none
 * of them an alias. Relative paths are relative to the file.
 */
public final class PlanFile {

    /** A plan is for people to read: 64 KiB are more than enough. */
    private static final int MAX_BYTES = 64 << 10;

    private static final YAMLMapper YAML =
            YAMLMapper.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                    .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
                    .propertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE)
                    .withCoercionConfig(
                            LogicalType.Textual,
                            config ->
                                    config.setCoercion(
                                                    CoercionInputShape.Integer, CoercionAction.Fail)
                                            .setCoercion(
                                                    CoercionInputShape.Float, CoercionAction.Fail)
                                            .setCoercion(
                                                    CoercionInputShape.Boolean,
                                                    CoercionAction.Fail))
                    .build();

    private PlanFile() {}

    /**
     * The plan in a file.
     *
     * @throws CorpusException {@code PLAN_INVALID}, with the key that is wrong; {@code IO} if the
     *     file cannot be read
     */
    public static PreparationPlan read(Path file) {
        byte[] bytes = bytes(file);
        Path base = file.toAbsolutePath().getParent();
        try {
            return parse(bytes).plan(base == null ? Path.of("") : base);
        } catch (CorpusException e) {
            throw new CorpusException(Code.PLAN_INVALID, file + ": " + e.getMessage(), e);
        }
    }

    /** A plan's keys, not yet checked against each other. */
    static PreparationDocument parse(byte[] bytes) {
        try {
            refuseAliases(bytes);
            PreparationDocument document = YAML.readValue(bytes, PreparationDocument.class);
            if (document == null) {
                throw PreparationPlan.invalid("nothing is in it");
            }
            return document;
        } catch (UnrecognizedPropertyException e) {
            Collection<Object> known = e.getKnownPropertyIds();
            throw invalid(
                    "unknown key '%s'; the keys there are %s"
                            .formatted(
                                    where(e),
                                    known == null ? List.of() : known.stream().sorted().toList()),
                    e);
        } catch (DatabindException e) {
            throw invalid(where(e) + ": " + firstLine(e), e);
        } catch (JacksonException e) {
            throw invalid("not YAML%s: %s".formatted(line(e), e.getOriginalMessage()), e);
        } catch (IllegalArgumentException e) {
            // What the YAML library says of some damaged characters.
            throw invalid("not YAML: " + e.getMessage(), e);
        }
    }

    private static byte[] bytes(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw PreparationPlan.invalid(
                        file + " has more than " + MAX_BYTES + " bytes: not a plan");
            }
            return bytes;
        } catch (IOException e) {
            throw new CorpusException(Code.IO, "cannot read " + file + ": " + e, e);
        }
    }

    private static void refuseAliases(byte[] bytes) {
        try (JsonParser parser = YAML.createParser(bytes)) {
            while (parser.nextToken() != null) {
                if (parser instanceof YAMLParser yaml && yaml.isCurrentAlias()) {
                    throw PreparationPlan.invalid(
                            "(line %d): the alias *%s is refused; write the value itself"
                                    .formatted(
                                            yaml.currentTokenLocation().getLineNr(),
                                            yaml.getString()));
                }
            }
        }
    }

    /** The way to a key, as a person would name it. */
    private static String where(DatabindException e) {
        StringBuilder where = new StringBuilder();
        for (JacksonException.Reference step : e.getPath()) {
            if (step.getPropertyName() != null) {
                where.append(where.isEmpty() ? "" : ": ").append(step.getPropertyName());
            }
        }
        return where.isEmpty() ? "the plan" : where.toString();
    }

    private static String firstLine(DatabindException e) {
        String message = String.valueOf(e.getOriginalMessage());
        int end = message.indexOf('\n');
        return (end < 0 ? message : message.substring(0, end)) + line(e);
    }

    private static String line(JacksonException e) {
        return e.getLocation() == null ? "" : " (line " + e.getLocation().getLineNr() + ")";
    }

    private static CorpusException invalid(String reason, @Nullable Throwable cause) {
        return cause == null
                ? PreparationPlan.invalid(reason)
                : new CorpusException(Code.PLAN_INVALID, reason, cause);
    }
}
