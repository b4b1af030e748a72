package dev.tapestry.corpus.preparation;

import dev.tapestry.consortium.Digest;
import dev.tapestry.corpus.CorpusException;
import dev.tapestry.corpus.CorpusException.Code;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;

/** The JSON files beside prepared text: {@code snake_case}, digests as their digits. */
final class PreparedJson {

    /** A lineage names every file that was read. */
    private static final int MAX_BYTES = 64 << 20;

    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .addModule(
                            new SimpleModule()
                                    .addSerializer(Digest.class, new DigestWriter())
                                    .addDeserializer(Digest.class, new DigestReader()))
                    .build();

    private PreparedJson() {}

    static byte[] bytes(Object value) {
        return (JSON.writeValueAsString(value) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** A value as part of another. */
    static JsonNode tree(Object value) {
        return JSON.valueToTree(value);
    }

    /** The end of a document's line. */
    static byte[] origin(String source, String domain) {
        return (",\"source\":"
                        + JSON.writeValueAsString(source)
                        + ",\"domain\":"
                        + JSON.writeValueAsString(domain)
                        + "}\n")
                .getBytes(StandardCharsets.UTF_8);
    }

    static <T extends Record> T read(Path file, Class<T> type) throws IOException {
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw damaged(file, null);
            }
            T value = JSON.readValue(bytes, type);
            if (value == null) {
                throw damaged(file, null);
            }
            return value;
        } catch (JacksonException | IllegalArgumentException | NullPointerException e) {
            throw damaged(file, e);
        }
    }

    private static CorpusException damaged(Path file, @Nullable Throwable cause) {
        return new CorpusException(
                Code.TARGET_EXISTS,
                file + " is not what 'corpus prepare' writes; move its directory away",
                cause == null ? new IllegalArgumentException("damaged") : cause);
    }

    private static final class DigestWriter extends ValueSerializer<Digest> {
        @Override
        public void serialize(Digest digest, JsonGenerator out, SerializationContext context) {
            out.writeString(digest.hex());
        }
    }

    private static final class DigestReader extends ValueDeserializer<Digest> {
        @Override
        public Digest deserialize(JsonParser in, DeserializationContext context) {
            return new Digest(in.getValueAsString(""));
        }
    }
}
