package dev.tapestry.coordinator;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tapestry.consortium.protocol.ErrorReply;
import dev.tapestry.trust.json.CanonicalJson;
import java.net.http.HttpHeaders;
import org.assertj.core.api.Assertions;

/** What the coordinator answered. */
@SuppressWarnings("ArrayRecordComponent")
record Answer(int status, byte[] body, HttpHeaders headers) {

    String text() {
        return new String(body, UTF_8);
    }

    /** The document in a successful answer. */
    <T> T as(int expectedStatus, Class<T> type) {
        Assertions.assertThat(status).as(text()).isEqualTo(expectedStatus);
        return CanonicalJson.read(body, type);
    }

    /** The code of an answer that is no success. */
    String code() {
        Assertions.assertThat(status).as(text()).isGreaterThanOrEqualTo(400);
        return CanonicalJson.read(body, ErrorReply.class).code();
    }
}
